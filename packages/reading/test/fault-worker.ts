// A process of the fault tests: publishes, keeps what Depot reads, and has it built anew again and again, until it is killed
// or told to settle.
import { randomUUID } from "node:crypto";
import {
  growthSignal,
  logHead,
  postgresSource,
  runStream,
  startPresence,
  startRelay,
  subscriptionStatus,
} from "@polder/bus";
import { homeOf, type OutboxEvent, openDatabase, outboxInsert } from "@polder/postgres";
import { openWorker, until } from "@polder/postgres/testing";
import { type KeptCopies, keepCopies, listBuilds, makeBuild } from "../src/index.ts";
import { copies, depot, makersAnswered, readEvents } from "./depot.ts";
import type { FaultAddresses } from "./faults.ts";

const worker = openWorker<FaultAddresses>();
const { argument: addresses, random, crashPoint } = worker;

/** What was published while others died may be much, on a machine that is busy otherwise. */
const SETTLE_MS_MAX = 120_000;
const leaseMs = 600;
// A process that stands still inside a transaction holds its locks; PostgreSQL ends it after this long.
const patience = { idleInTransactionTimeoutMs: 500 };
const open = (domain: "makers" | "goods" | "depot") =>
  openDatabase({ ...addresses[domain], schema: homeOf(domain).schema, ...patience });
const [makers, goods, database] = [open("makers"), open("goods"), open("depot")];
const admin = openDatabase(addresses.admin);
const growth = growthSignal();
const relays = [makers, goods].map((one, index) =>
  startRelay({ domain: index === 0 ? "makers" : "goods", database: one, growth, pollMs: 50, stepEventsMax: 20 }),
);
const instance = randomUUID();
const sources = new Map(
  ["makers", "goods"].map((publisher) => [publisher, postgresSource({ publisher, database, growth })]),
);
const source = (publisher: string) => sources.get(publisher) ?? postgresSource({ publisher, database, growth });
let kept: KeptCopies | undefined;
const presence = await startPresence({
  domain: "depot",
  database,
  instance,
  leaseMs,
  subscriptions: () => kept?.subscriptions() ?? [],
});
kept = keepCopies({
  domain: depot,
  copies,
  database,
  source,
  startStreams: (handled) =>
    [...sources.keys()]
      .filter((publisher) => handled.subscription.events.some((event) => event.startsWith(`${publisher}.`)))
      .map((publisher) =>
        runStream({ ...handled, source: source(publisher), instance, leaseMs, pollMs: 50, crashPoint }),
      ),
  seams: {
    read: readEvents,
    handle: async (_copied, _events, run) => await run(),
    call: () => makersAnswered(makers),
  },
  growth,
  instance,
  onSubscriptions: async () => await presence.show(),
  leaseMs,
  lookMs: 50,
  formerKeptMs: 100,
  forgetMs: 500,
  crashPoint,
});

const outboxEvent = (type: string, key: string, data: object): OutboxEvent => ({
  id: randomUUID(),
  key,
  type,
  version: "1.0.0",
  data: JSON.stringify(data),
  headers: null,
});

/** One piece of work: something is made or sold, or a maker gets another name. */
async function work(number: number): Promise<void> {
  const n = Math.floor(random() * 12);
  if (number % 4 > 0) {
    const item = `item-${n}`;
    const event = outboxEvent(number % 4 === 1 ? "goods.Sold" : "goods.Made", item, { item });
    await goods.begin().commit([outboxInsert("goods", [event])]);
    return;
  }
  const maker = `maker-${n}`;
  const transaction = makers.begin();
  const { rows } = await transaction.query<{ n: number }>(
    "insert into maker (maker, n) values ($1, 1) on conflict (maker) do update set n = maker.n + 1 returning n",
    [maker],
  );
  const event = outboxEvent("makers.Named", maker, { maker, n: rows[0]?.n ?? 0 });
  await transaction.commit([outboxInsert("makers", [event])]);
}

/** Has what serves built anew, unless that is being done. */
async function buildAnew(): Promise<void> {
  const builds = await listBuilds(database, "depot");
  const copied = copies[Math.floor(random() * copies.length)];
  const isUnderWay = builds.some(({ copy, state }) => copy === copied?.name && state === "building");
  if (copied === undefined || isUnderWay) return;
  await makeBuild(copied, { admin, home: homeOf("depot"), crashPoint, waitMs: 200 });
  kept?.wake();
}

let isWorking = true;
const working = (async () => {
  for (let number = 0; isWorking; number += 1) {
    await worker.turn();
    await work(number).catch(() => undefined);
    for (const relay of relays) relay.wake();
    if (number % 40 === 20) await buildAnew().catch(() => undefined);
    worker.done();
  }
})();
worker.ready(async () => {
  isWorking = false;
  await working;
  await until(
    async () => {
      const builds = await listBuilds(database, "depot");
      const { rows } = await admin.query<{ left: number }>(
        `select (select count(*) from makers._outbox o where not exists (select from polder.log_makers l where l.event_id = o.event_id))::int
  + (select count(*) from goods._outbox o where not exists (select from polder.log_goods l where l.event_id = o.event_id))::int as left`,
      );
      const statuses = await subscriptionStatus(admin, "depot", (publisher) => logHead(admin, publisher));
      const isOver = builds.length === 2 && builds.every(({ state }) => state === "serving");
      return isOver && rows[0]?.left === 0 && statuses.every(({ lag, parked }) => lag === 0 && parked === 0);
    },
    "everything is handled, and every build has taken its place",
    SETTLE_MS_MAX,
  );
  await kept?.stop();
  await Promise.all(relays.map((relay) => relay.stop()));
  await presence.stop();
  await Promise.all([makers, goods, database, admin].map((one) => one.close()));
});
