import { type Host, httpTransport } from "polder";
import { type ShopProcess, startProcess } from "../child-process.ts";
import { shop } from "../domains/all-domains.ts";
import { type Random, randomFrom } from "../random.ts";
import { type SimulationTotals, simulate } from "../simulate.ts";
import { untilDone } from "../until-done.ts";
import { clientsOf } from "./running-shop.ts";
import { type ShopDatabase, shopDatabase } from "./shop-database.ts";

/** What is left after all faults. */
export interface FaultOutcome {
  /** Faults by what happened. */
  readonly struck: Readonly<Record<Fault, number>>;
  /** As the customers saw it. */
  readonly totals: SimulationTotals;
  readonly ordersKept: number;
  readonly disagreements: readonly string[];
}

/**
 * - `killed`: the process ends in the middle of whatever it does, and another one takes its place;
 * - `cut off`: every connection of one domain breaks;
 * - `stopped`: the process stands still until its leases have gone to another one; then it wakes, and is killed.
 */
type Fault = "killed" | "cut off" | "stopped";

/** Calls between two faults, at least and at most. */
const CALLS_MIN = 5;
const CALLS_MAX = 40;

/** How long a customer waits for an answer; whoever asked a process that stands still asks again after that. */
const DEADLINE_MS = 2_000;

/**
 * Runs the shop in a process of its own while faults strike it. They strike at calls that the seed chooses, in the
 * middle of everything else that is under way. The customers repeat their commands under their keys.
 */
export async function surviveFaults(options: {
  readonly faults: number;
  readonly seed: number;
}): Promise<FaultOutcome> {
  const random = randomFrom(options.seed);
  await using database = await shopDatabase({ own: "shop-faults" });
  await using victim = await openVictim(database);
  const struck: Record<Fault, number> = { killed: 0, "cut off": 0, stopped: 0 };
  const ended = new AbortController();

  const strike = async () => {
    const fault = faultIn(random);
    await victim[fault](random);
    struck[fault] += 1;
  };
  const strikeAll = async () => {
    for (let fault = 0; fault < options.faults; fault += 1) {
      await victim.calls(random.between(CALLS_MIN, CALLS_MAX));
      await strike();
    }
    await victim.calls(CALLS_MAX);
  };
  const [totals] = await Promise.all([
    simulate({
      clients: clientsOf(victim.transport, { deadlineMsDefault: DEADLINE_MS }),
      seed: options.seed,
      ordersPerSecond: 100,
      // On a busy machine the shop may be down for as long as several faults take.
      attemptsMax: 100,
      signal: ended.signal,
    }),
    strikeAll().finally(() => ended.abort()),
  ]);
  await untilDone(() => database.underWay(shop), { timeoutMs: 240_000 });
  const [counted] = await database.rows<{ orders: number }>(`select count(*)::int as orders from "order".orders`);
  const disagreements = await database.audit({ settled: true });
  return { struck, totals, ordersKept: counted?.orders ?? 0, disagreements };
}

function faultIn(random: Random): Fault {
  const dice = random.next();
  if (dice < 0.5) return "killed";
  return dice < 0.85 ? "cut off" : "stopped";
}

/** The process that is struck, and the one after it, and so on. */
interface Victim extends AsyncDisposable, Readonly<Record<Fault, (random: Random) => Promise<void>>> {
  /** Carries calls to the process that runs now. */
  readonly transport: Host["transport"];
  /** Resolves when so many more calls have begun. */
  readonly calls: (count: number) => Promise<void>;
}

async function openVictim(database: ShopDatabase): Promise<Victim> {
  const start = () => startProcess(new URL("shop-process.ts", import.meta.url), { env: database.env });
  let running: ShopProcess = await start();
  let begun = 0;
  let wanted = Number.POSITIVE_INFINITY;
  let reached = Promise.withResolvers<void>();
  const calls = async (count: number) => {
    reached = Promise.withResolvers();
    wanted = begun + count;
    await reached.promise;
  };
  return {
    calls,
    transport: {
      call: (request, bounds) => {
        begun += 1;
        if (begun >= wanted) reached.resolve();
        return httpTransport({ baseUrl: running.url }).call(request, bounds);
      },
    },
    killed: async () => {
      await running.kill();
      running = await start();
    },
    "cut off": async (random) => {
      const struck = shop[random.between(0, shop.length - 1)];
      await database.rows(`
        select pg_terminate_backend(pid)
        from pg_stat_activity
        where datname = current_database() and usename = '${struck?.domain.name}_app'`);
    },
    stopped: async () => {
      const sleeper = running;
      sleeper.pause();
      running = await start();
      await untilDone(() => database.leasesOf(sleeper.pid), { timeoutMs: 120_000 });
      sleeper.resume();
      await calls(CALLS_MIN);
      await sleeper.kill();
    },
    [Symbol.asyncDispose]: () => running.kill(),
  };
}
