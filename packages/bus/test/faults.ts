import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { DatabaseAddress } from "@polder/postgres";
import { type TestDatabase, testServer } from "@polder/postgres/testing";
import { provisionWholesale } from "./wholesale.ts";

/** How a worker reaches the databases, which may be one. */
export interface FaultAddresses {
  readonly sales: DatabaseAddress;
  readonly ledger: DatabaseAddress;
  /** Ledger's way to the log of Sales. */
  readonly reader: DatabaseAddress;
  readonly salesAdmin: DatabaseAddress;
  readonly ledgerAdmin: DatabaseAddress;
}

/** What is left after all faults, as the tables tell it. */
export interface FaultOutcome {
  /** Faults by where they struck. */
  readonly struck: Readonly<Record<string, number>>;
  /** Sales that committed. */
  readonly sold: number;
  readonly lost: number;
  readonly doubled: number;
  readonly misordered: number;
}

/** Where a process is killed: named points around every commit and acknowledgement, and moments that nobody chose. */
const points = [
  "publish:before-commit",
  "publish:after-commit",
  "relay:before-step",
  "relay:after-step",
  "read:before",
  "read:after",
  "deliver:before-commit",
  "deliver:after-commit",
  "report:before",
  "report:after",
  "any-moment",
  "stopped-past-its-lease",
] as const;

/** How much to do, and with which luck. */
export interface FaultOptions {
  readonly faults: number;
  readonly seed: number;
  /** Publisher and consumer in a server each. Default false. */
  readonly apart?: boolean;
  /** The test's own: no process outlives it. */
  readonly signal: AbortSignal;
}

/**
 * Lets two processes publish and deliver, kills one of them again and again, and at last lets one settle. Every point is
 * struck in turn; the seed chooses at which of its visits.
 */
export async function runFaults({ faults, seed, apart = false, signal }: FaultOptions): Promise<FaultOutcome> {
  await using opened = new AsyncDisposableStack();
  const open = async (): Promise<TestDatabase> => {
    const server = opened.use(await testServer({ own: "faults" }));
    return opened.use(await server.database());
  };
  const database = await open();
  const ofLedger = apart ? await open() : database;
  await provisionWholesale(database, ofLedger);
  const addresses: FaultAddresses = {
    sales: database.appAddress("sales"),
    ledger: ofLedger.appAddress("ledger"),
    reader: database.appAddress("ledger"),
    salesAdmin: database.address,
    ledgerAdmin: ofLedger.address,
  };
  const random = randomFrom(seed);
  const struck: Record<string, number> = {};
  const startWorker = (crash: string): Promise<ChildProcess> => forkWorker(addresses, crash, signal);
  let survivor = await startWorker("-");
  for (let fault = 0; fault < faults; fault += 1) {
    const point = points[fault % points.length] ?? "any-moment";
    const isNamed = point.includes(":");
    const nth = 1 + Math.floor(random() * (point.startsWith("report") ? 1 : 15));
    const victim = await startWorker(isNamed ? `${point}:${nth}` : "-");
    const exited = exitOf(victim);
    if (point === "any-moment") {
      await sales(victim, 1 + Math.floor(random() * 40));
      victim.kill("SIGKILL");
    }
    if (point === "stopped-past-its-lease") {
      await sales(victim, 10);
      victim.kill("SIGSTOP");
      await sales(survivor, 60);
      victim.kill("SIGCONT");
      await sales(victim, 5);
      victim.kill("SIGKILL");
    }
    await exited;
    struck[point] = (struck[point] ?? 0) + 1;
    // Now and then the other one goes as well, so that nobody is left for a while.
    if (random() < 0.25) {
      const gone = exitOf(survivor);
      survivor.kill("SIGKILL");
      await gone;
      survivor = await startWorker("-");
    }
  }
  const settled = exitOf(survivor);
  survivor.send("settle");
  await settled;
  return { struck, ...(await compare(database, ofLedger)) };
}

async function forkWorker(addresses: FaultAddresses, crash: string, signal: AbortSignal): Promise<ChildProcess> {
  const worker = fork(join(import.meta.dirname, "fault-worker.ts"), [JSON.stringify(addresses), crash], {
    execArgv: ["--conditions=source"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    signal,
    killSignal: "SIGKILL",
  });
  // With the test's signal aborted the worker is killed; that it did not end by itself is known.
  worker.on("error", () => undefined);
  await Promise.race([once(worker, "message"), once(worker, "exit")]);
  return worker;
}

/** Resolves when a worker has ended, also when that has happened already. */
async function exitOf(worker: ChildProcess): Promise<void> {
  if (worker.exitCode === null && worker.signalCode === null) await once(worker, "exit");
}

/** Waits until a worker has made that many sales, or has died. */
async function sales(worker: ChildProcess, count: number): Promise<void> {
  const exited = exitOf(worker).then(() => "exit" as const);
  for (let made = 0; made < count; made += 1) {
    if ((await Promise.race([once(worker, "message").then(() => "message" as const), exited])) === "exit") return;
  }
}

/** Holds Ledger's tables against those of Sales: what committed there is written down here, once, in order. */
async function compare(database: TestDatabase, ofLedger: TestDatabase): Promise<Omit<FaultOutcome, "struck">> {
  const { rows: articles } = await database.admin.query("select article, n from sales.article");
  const { rows } = await ofLedger.admin.query<Omit<FaultOutcome, "struck">>(
    `with sold as (
  select article, n from jsonb_to_recordset($1::jsonb) as sold (article text, n integer)
), expected as (
  select worker, article, generate_series(1, n) as n from sold, unnest(array['each', 'batch']) as worker
), written as (
  select worker, article, n, count(*) as times, min(id) as id from ledger.entry group by worker, article, n
), ordered as (
  select n, lag(n) over (partition by worker, article order by id) as previous from ledger.entry
)
select
  (select coalesce(sum(n), 0)::int from sold) as sold,
  (select count(*)::int from expected e left join written w using (worker, article, n) where w.id is null) as lost,
  (select count(*)::int from written w left join expected e using (worker, article, n) where w.times > 1 or e.n is null) as doubled,
  (select count(*)::int from ordered where previous >= n) as misordered`,
    [JSON.stringify(articles)],
  );
  const [row] = rows;
  if (row === undefined) throw new Error("the comparison gave nothing");
  return row;
}

/** Mulberry32: small, seeded, good enough to choose where to strike. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
