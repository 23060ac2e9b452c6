import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { DatabaseAddress } from "@polder/postgres";
import { type TestDatabase, testServer } from "@polder/postgres/testing";
import { provisionTravel } from "./travel.ts";

/** How a worker reaches the database. */
export interface FaultAddresses {
  readonly app: DatabaseAddress;
  readonly admin: DatabaseAddress;
}

/** What is left after all faults, as the tables tell it. */
export interface FaultOutcome {
  /** Faults by where they struck. */
  readonly struck: Readonly<Record<string, number>>;
  readonly done: number;
  readonly undone: number;
  /** Sagas that stand still, or have not ended. */
  readonly left: number;
  /** Bookings of trips that were taken back, or that are not what a done trip has. */
  readonly leaked: number;
  readonly missing: number;
  /** Steps whose effect came twice. */
  readonly doubled: number;
}

const points = [
  "saga:step-begun",
  "saga:step-answered",
  "saga:step-kept",
  "saga:turned",
  "saga:undo-answered",
  "saga:let-go",
  "any-moment",
  "stopped-past-its-lease",
] as const;

/**
 * Lets two processes work on trips, kills one of them again and again, and at last lets one settle. Every point is struck in
 * turn; the seed chooses at which of its visits.
 */
export async function runFaults(options: {
  readonly faults: number;
  readonly seed: number;
  /** The test's own: no process outlives it. */
  readonly signal: AbortSignal;
}): Promise<FaultOutcome> {
  const { faults, seed, signal } = options;
  await using server = await testServer({ own: "saga-faults" });
  await using database = await server.database();
  await provisionTravel(database);
  const addresses: FaultAddresses = { app: database.appAddress("travel"), admin: database.address };
  let state = seed;
  const random = (): number => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
  const startWorker = (crash: string): Promise<ChildProcess> =>
    forkWorker([JSON.stringify(addresses), crash, String(Math.floor(random() * 2 ** 31))], signal);
  const struck: Record<string, number> = {};
  let survivor = await startWorker("-");
  for (let fault = 0; fault < faults; fault += 1) {
    const point = points[fault % points.length] ?? "any-moment";
    const victim = await startWorker(point.includes(":") ? `${point}:${1 + Math.floor(random() * 10)}` : "-");
    const exited = exitOf(victim);
    if (point === "any-moment") {
      await trips(victim, 1 + Math.floor(random() * 20));
      victim.kill("SIGKILL");
    }
    if (point === "stopped-past-its-lease") {
      await trips(victim, 5);
      victim.kill("SIGSTOP");
      await trips(survivor, 40);
      victim.kill("SIGCONT");
      await trips(victim, 3);
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
  return { struck, ...(await compare(database)) };
}

async function forkWorker(args: readonly string[], signal: AbortSignal): Promise<ChildProcess> {
  const worker = fork(join(import.meta.dirname, "fault-worker.ts"), [...args], {
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

/** Waits until a worker has started that many trips, or has died. */
async function trips(worker: ChildProcess, count: number): Promise<void> {
  const exited = exitOf(worker).then(() => "exit" as const);
  for (let made = 0; made < count; made += 1) {
    if ((await Promise.race([once(worker, "message").then(() => "message" as const), exited])) === "exit") return;
  }
}

/** Holds the world against the sagas: a trip that is done has all that it needs, one that is taken back has nothing. */
async function compare(database: TestDatabase): Promise<Omit<FaultOutcome, "struck">> {
  const { rows } = await database.admin.query<Omit<FaultOutcome, "struck">>(
    `with trip as (
  select s.key, s.state, stuck, ended_at, (input ->> 'stops')::int as stops, t.state as noted
  from travel._saga s left join travel.trip t on t.trip = s.key
), booked as (
  select trip, count(*) filter (where not cancelled) as held from world.booking group by trip
)
select count(*) filter (where state = 'done')::int as done,
  count(*) filter (where state = 'undone')::int as undone,
  count(*) filter (where ended_at is null or stuck is not null)::int as left,
  count(*) filter (where (state = 'undone' and (coalesce(held, 0) > 0 or noted = 'booked')) or held > stops + 1)::int as leaked,
  count(*) filter (where state = 'done' and (coalesce(held, 0) < stops + 1 or noted is distinct from 'booked'))::int as missing,
  (select count(*)::int from (select from world.booking group by trip, what having count(*) > 1) as twice) as doubled
from trip left join booked on booked.trip = trip.key`,
  );
  const [outcome] = rows;
  if (outcome === undefined) throw new Error("nothing was counted");
  return outcome;
}
