import type { Database } from "@polder/postgres";
import type { BenchServer } from "../bench-server.ts";
import { sleep } from "../events/delivery-count.ts";
import { type RemoteProcess, startRemote } from "../remote-process.ts";
import type { Consumer, Handled } from "./consumer.ts";
import { databasesOf, type Layout, PROCESSES_MAX } from "./layout.ts";
import type { Publisher } from "./publisher.ts";
import { openAdmin, setUpDatabases } from "./set-up.ts";

/** The processes of this benchmark and the administrator's way to its databases. */
export interface Crew extends AsyncDisposable {
  readonly server: BenchServer;
  readonly publisher: RemoteProcess<Publisher>;
  readonly consumers: readonly RemoteProcess<Consumer>[];
  readonly admin: (database: string) => Database;
}

/** Starts the processes and makes the databases of every layout. */
export async function openCrew(server: BenchServer): Promise<Crew> {
  await using opened = new AsyncDisposableStack();
  const opening = server.address;
  for (const databases of [1, 2, 3]) await setUpDatabases(opening, databases);
  const admins = new Map<string, Database>();
  const start = async <Methods extends object>(url: URL, name: string) =>
    opened.use(await startRemote<Methods>({ name, url, opening }));
  const publisher = await start<Publisher>(new URL("./publisher-process.ts", import.meta.url), "publisher");
  const consumers: RemoteProcess<Consumer>[] = [];
  for (let number = 0; number < PROCESSES_MAX; number += 1) {
    const url = new URL("./consumer-process.ts", import.meta.url);
    consumers.push(await start<Consumer>(url, `consumer-${number}`));
  }
  const owned = opened.move();
  return {
    server,
    publisher,
    consumers,
    admin: (database) => {
      const admin = admins.get(database) ?? owned.use(openAdmin(opening, database));
      admins.set(database, admin);
      return admin;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What a layout needs to be at work. */
export interface AtWork extends AsyncDisposable {
  readonly consumers: readonly RemoteProcess<Consumer>[];
  /** Waits until every subscription has handled so many events since `begin`, or nothing comes any more. */
  readonly settled: (events: number) => Promise<Totals>;
  readonly begin: () => Promise<void>;
}

/** What all processes have handled. */
export interface Totals {
  /** Of the subscription that has handled least. */
  readonly slowest: number;
  readonly deliveries: number;
  readonly lastMs: number;
  /** Of all consuming processes. */
  readonly cpuMs: number;
}

/** Nothing came for this long: nothing comes any more. In milliseconds. */
const STALLED_MS = 5_000;

/** Starts the consumers of a layout, with subscriptions that begin now, and waits until each has its share. */
export async function startConsumers(crew: Crew, layout: Layout): Promise<AtWork> {
  await forgetSubscriptions(crew, layout);
  return await resumeConsumers(crew, layout);
}

/** Starts them again where they stood. */
export async function resumeConsumers(crew: Crew, layout: Layout): Promise<AtWork> {
  const { subscriptions, databases } = layout;
  const consumers = crew.consumers.slice(0, layout.processes);
  for (const consumer of consumers) await consumer.ask("start", { subscriptions, databases });
  while (!(await isShared(crew, layout))) await sleep(50);
  const totals = async (): Promise<Totals> =>
    totalOf(await Promise.all(consumers.map((consumer) => consumer.ask("handled"))));
  return {
    consumers,
    begin: async () => void (await Promise.all(consumers.map((consumer) => consumer.ask("begin")))),
    settled: async (events) => {
      let before = await totals();
      for (let quietMs = 0; before.slowest < events && quietMs < STALLED_MS; ) {
        await sleep(20);
        const now = await totals();
        quietMs = now.deliveries > before.deliveries ? 0 : quietMs + 20;
        before = now;
      }
      return before;
    },
    [Symbol.asyncDispose]: async () => {
      for (const consumer of consumers) await consumer.ask("stop");
    },
  };
}

/** Adds up what processes have handled. */
export function totalOf(handled: readonly Handled[]): Totals {
  const counts = (handled[0]?.counts ?? []).map((_, number) =>
    handled.reduce((sum, one) => sum + (one.counts[number] ?? 0), 0),
  );
  return {
    slowest: counts.length === 0 ? 0 : Math.min(...counts),
    deliveries: counts.reduce((sum, count) => sum + count, 0),
    lastMs: Math.max(0, ...handled.map(({ lastMs }) => lastMs)),
    cpuMs: handled.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
  };
}

/** The databases of both consuming domains, with the domain. */
function consuming({ databases }: Layout) {
  const { billing, shipping } = databasesOf(databases);
  return [
    { domain: "billing", database: billing },
    { domain: "shipping", database: shipping },
  ] as const;
}

async function forgetSubscriptions(crew: Crew, layout: Layout): Promise<void> {
  for (const { domain, database } of consuming(layout))
    await crew.admin(database).query(`delete from ${domain}._checkpoint`);
}

/** Has every subscription as many owners as there are processes? */
async function isShared(crew: Crew, layout: Layout): Promise<boolean> {
  let shared = 0;
  for (const { domain, database } of consuming(layout)) {
    const { rows } = await crew
      .admin(database)
      .query<{ owners: number }>(
        `select count(distinct owner)::integer as owners from ${domain}._checkpoint group by subscription`,
      );
    shared += rows.filter(({ owners }) => owners === layout.processes).length;
  }
  return shared === layout.subscriptions;
}
