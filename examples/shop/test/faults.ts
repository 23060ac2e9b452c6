import { fillDisk, type SmallDisk, smallDisk, type TestServer } from "@polder/postgres/testing";
import { audit } from "../audit.ts";
import { type Random, randomFrom } from "../random.ts";
import { type SimulationTotals, simulate } from "../simulate.ts";
import { untilDone } from "../until-done.ts";
import { clientsOf } from "./running-shop.ts";
import { domainNames, openSpreadShop, type Post, type SpreadShop } from "./spread-shop.ts";

/** What is left after all faults. */
export interface FaultOutcome {
  /** Faults by what happened. */
  readonly struck: Readonly<Record<Fault, number>>;
  /** As the customers saw it. */
  readonly totals: SimulationTotals;
  readonly ordersKept: number;
  /** Sagas that stand still or have not ended, events that are not in the log or are there twice, stock that is still held. */
  readonly left: Readonly<Record<"sagas" | "lost" | "doubled" | "held", number>>;
  readonly disagreements: readonly string[];
}

/**
 * - `killed`: a process ends in the middle of whatever it does, and another one takes its place;
 * - `cut off`: every connection of one domain breaks;
 * - `stopped`: a process stands still until its leases have gone to another one; then it wakes, and the other is killed;
 * - `crashed`: a server of PostgreSQL ends at once, and is started again;
 * - `full`: a server has no space for a while.
 */
const faults = ["killed", "cut off", "stopped", "crashed", "full"] as const;
type Fault = (typeof faults)[number];

/** Of a hundred faults, so many of each kind. */
const shares: Readonly<Record<Fault, number>> = { killed: 35, "cut off": 27, stopped: 10, crashed: 18, full: 10 };

/** Calls between two faults, at least and at most. */
const CALLS_MIN = 5;
const CALLS_MAX = 40;

/** How long a customer waits for an answer; whoever asked a process that stands still asks again after that. */
const DEADLINE_MS = 2_000;
/** How long everything takes at most that follows by itself, in milliseconds. */
const SETTLE_MS = 240_000;
/** Processes that are brought back at the same time. */
const REPAIRS_MAX = 4;
/** How often a process that does not come up is started again. */
const STARTS_MAX = 20;
/** Space of the server that is filled, in megabytes. */
const DISK_MB = 400;

/** Domains with a database in a server of their own: the one whose disk is filled. */
const apart = ["inventory", "payment", "accounting"];

/**
 * Runs the shop in a process for each domain, over two servers, while faults strike it. They strike at calls that the
 * seed chooses, in the middle of everything else that is under way; processes come back while the next ones strike. The customers repeat their commands under their
 * keys. Where this process may not mount a file system, no disk is full.
 */
export async function surviveFaults(options: {
  readonly faults: number;
  readonly seed: number;
}): Promise<FaultOutcome> {
  const random = randomFrom(options.seed);
  await using disk = await smallDisk(DISK_MB);
  await using shop = await openSpreadShop({
    processes: domainNames.map((name) => [name]),
    apart,
    durable: true,
    quick: true,
    ...(disk === undefined ? {} : { disk }),
  });
  const { ask } = shop;
  const counted = countingCalls(shop.transport);
  const repairs = openRepairs(shop.posts);
  const strike = strikes(shop, { calls: counted.calls, repairs });
  const struck: Record<Fault, number> = { killed: 0, "cut off": 0, stopped: 0, crashed: 0, full: 0 };
  const ended = new AbortController();
  const strikeAll = async () => {
    for (let count = 0; count < options.faults; count += 1) {
      await counted.calls(random.between(CALLS_MIN, CALLS_MAX));
      const fault = faultIn(random, disk);
      await strike[fault](random);
      struck[fault] += 1;
    }
    await repairs.done();
    await counted.calls(CALLS_MAX);
  };
  const [totals] = await Promise.all([
    simulate({
      clients: clientsOf(counted.transport, { deadlineMsDefault: DEADLINE_MS }),
      seed: options.seed,
      ordersPerSecond: 100,
      // On a busy machine the shop may be down for as long as several faults take.
      attemptsMax: 100,
      signal: ended.signal,
    }),
    strikeAll().finally(() => ended.abort()),
  ]);
  await shop.settled({ timeoutMs: SETTLE_MS });
  const disagreements = await audit(ask, { settled: true });
  const ordersKept = await count(shop, "order", `select count(*)::int as n from "order".orders`);
  return { struck, totals, ordersKept, left: await leftOf(shop), disagreements };
}

function faultIn(random: Random, disk: SmallDisk | undefined): Fault {
  const possible = faults.filter((fault) => fault !== "full" || disk !== undefined);
  let dice = random.next() * possible.reduce((sum, fault) => sum + shares[fault], 0);
  return (
    possible.find((fault) => {
      dice -= shares[fault];
      return dice < 0;
    }) ?? "killed"
  );
}

/** Resolves when so many more calls have begun. */
type Calls = (count: number) => Promise<void>;

function countingCalls(transport: SpreadShop["transport"]): Pick<SpreadShop, "transport"> & { readonly calls: Calls } {
  let begun = 0;
  const waiting = new Map<PromiseWithResolvers<void>, number>();
  return {
    transport: {
      call: (request, bounds) => {
        begun += 1;
        for (const [reached, wanted] of waiting) if (begun >= wanted) reached.resolve();
        return transport.call(request, bounds);
      },
    },
    calls: async (count) => {
      const reached = Promise.withResolvers<void>();
      waiting.set(reached, begun + count);
      await reached.promise;
      waiting.delete(reached);
    },
  };
}

/** What goes on while the next faults strike: processes that are brought back. */
interface Repairs {
  /** Chooses a post that is whole and leaves it to `repair`; waits while too many are under repair. */
  readonly begin: (random: Random, repair: (post: Post) => Promise<void>) => Promise<void>;
  /** Resolves when all are whole. */
  readonly done: () => Promise<void>;
}

function openRepairs(posts: readonly Post[]): Repairs {
  const under = new Map<Post, Promise<void>>();
  const failures: unknown[] = [];
  const done = async (): Promise<void> => {
    await Promise.all(under.values());
    if (failures.length > 0) throw failures[0];
  };
  return {
    begin: async (random, repair) => {
      if (under.size >= REPAIRS_MAX) await Promise.race(under.values());
      if (failures.length > 0) throw failures[0];
      const whole = posts.filter((post) => !under.has(post));
      const post = oneOf(whole, random);
      const repaired = repair(post)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => under.delete(post));
      under.set(post, repaired);
    },
    done,
  };
}

/** Starts a process as whoever looks after it would: again when it does not come up, as while its database is away. */
async function bringUp<Started>(start: () => Promise<Started>): Promise<Started> {
  for (let failed = 0; ; failed += 1) {
    try {
      return await start();
    } catch (error) {
      if (failed >= STARTS_MAX) throw error;
    }
  }
}

function strikes(
  shop: SpreadShop,
  { calls, repairs }: { readonly calls: Calls; readonly repairs: Repairs },
): Readonly<Record<Fault, (random: Random) => Promise<void>>> {
  const { servers, adminOf } = shop;
  return {
    killed: (random) =>
      repairs.begin(random, async (post) => {
        await post.process().kill();
        await bringUp(post.start);
      }),
    "cut off": async (random) => {
      const name = oneOf(domainNames, random);
      const sql =
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = $1";
      await adminOf(name).query(sql, [`${name}_app`]);
    },
    stopped: (random) =>
      repairs.begin(random, async (post) => {
        const sleeper = post.process();
        sleeper.pause();
        const other = await bringUp(post.startBeside);
        // Its database may be away for a moment.
        const left = () => leasesOf(shop, post, sleeper.pid).catch(() => ["nobody can tell"]);
        await untilDone(left, { timeoutMs: SETTLE_MS });
        sleeper.resume();
        await calls(CALLS_MIN);
        await other.kill();
      }),
    crashed: async (random) => {
      const server: TestServer = oneOf(servers, random);
      await server.restart();
    },
    full: async (random) => {
      // The log of changes begins anew, as far as it can: it has a place of its own only up to a size.
      await adminOf("inventory").query("checkpoint");
      await using _full = await fillDisk(adminOf("inventory"));
      await calls(random.between(CALLS_MIN, CALLS_MAX));
    },
  };
}

function oneOf<One>(all: readonly One[], random: Random): One {
  const chosen = all[random.between(0, all.length - 1)];
  if (chosen === undefined) throw new Error("there is none to choose from");
  return chosen;
}

/** The subscriptions that a process holds leases on. */
async function leasesOf({ adminOf }: SpreadShop, { domains }: Post, pid: number): Promise<readonly string[]> {
  const held = domains.map(async (name) => {
    const { rows } = await adminOf(name).query<{ subscription: string }>(
      `select subscription from "${name}"._checkpoint join "${name}"._instance on id = owner where pid = $1`,
      [pid],
    );
    return rows.map(({ subscription }) => subscription);
  });
  return (await Promise.all(held)).flat();
}

async function leftOf(shop: SpreadShop): Promise<FaultOutcome["left"]> {
  const left = { sagas: 0, lost: 0, doubled: 0, held: 0 };
  left.held = await count(shop, "inventory", "select coalesce(sum(reserved), 0)::int as n from inventory.stock");
  for (const name of domainNames) {
    const [sqlLog, sqlHome] = [`polder.log_${name}`, `"${name}"`];
    const sagas = `select count(*)::int as n from ${sqlHome}._saga where ended_at is null or stuck is not null`;
    const lost = `select count(*)::int as n from ${sqlHome}._outbox o where not exists (select from ${sqlLog} l where l.event_id = o.event_id)`;
    const doubled = `select (count(*) - count(distinct event_id))::int as n from ${sqlLog}`;
    left.sagas += await count(shop, name, sagas);
    left.lost += await count(shop, name, lost);
    left.doubled += await count(shop, name, doubled);
  }
  return left;
}

async function count({ adminOf }: SpreadShop, domain: string, sql: string): Promise<number> {
  return (await adminOf(domain).query<{ n: number }>(sql)).rows[0]?.n ?? 0;
}
