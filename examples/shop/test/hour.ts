import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { audit } from "../audit.ts";
import { pace } from "../pace.ts";
import { type Random, randomFrom } from "../random.ts";
import { type SimulationTotals, simulate } from "../simulate.ts";
import type { Sample } from "./growth.ts";
import { clientsOf } from "./running-shop.ts";
import { shopFolder } from "./shop-folder.ts";
import { domainNames, openSpreadShop, type Post, type SpreadShop } from "./spread-shop.ts";

/** What was seen. */
export interface Watched {
  readonly samples: readonly Sample[];
  readonly totals: SimulationTotals;
  /** Faults by kind. */
  readonly struck: Readonly<Record<string, number>>;
  readonly disagreements: readonly string[];
}

const ORDERS_PER_SECOND = 12;
/** In one run so much is kept, as a part of its time: so that it is seen to go. */
const KEPT = 1 / 8;
const SAMPLES = 120;
/** A fault after so many samples. */
const FAULT_EVERY = 6;
/** How long a process stands still, in milliseconds: longer than any lease. */
const STOPPED_MS = 16_000;

const watched = [
  ["customer", "inventory"],
  ["payment", "accounting"],
  ["order", "catalog", "storefront"],
];
/** Their process is killed now and then, so its memory says nothing. */
const struckDown = ["fulfillment", "recommendation"];

/** Runs the shop under steady traffic and a fault now and then, and measures what might grow. */
export async function watchShop({
  minutes,
  seed,
}: {
  readonly minutes: number;
  readonly seed: number;
}): Promise<Watched> {
  const durationMs = minutes * 60_000;
  const days = (durationMs * KEPT) / 86_400_000;
  await using folder = await shopFolder({
    gateway: { rateLimit: { perSecond: 5_000 } },
    traces: { ratio: 0.2, bytesMax: 4_194_304 },
    retention: { eventsDays: days, answersDays: days, sagasDays: days, partitionRows: 10_000 },
  });
  await using shop = await openSpreadShop({
    processes: [...watched, struckDown],
    durable: true,
    config: folder.config,
    execArgs: ["--expose-gc", "--import", new URL("watched.ts", import.meta.url).href],
  });
  const random = randomFrom(seed);
  const struck: Record<string, number> = {};
  const failed = new AbortController();
  const ended = AbortSignal.any([AbortSignal.timeout(durationMs), failed.signal]);
  const samples: Sample[] = [];
  const watch = async (): Promise<void> => {
    const beganMs = performance.now();
    const turn = pace((SAMPLES * 1_000) / durationMs, ended);
    for (let count = 1; !ended.aborted; count += 1) {
      const atMs = performance.now() - beganMs;
      samples.push({ atMs, figures: await measure(shop, folder.directory) });
      if (count % FAULT_EVERY === 0) {
        const fault = await strike(shop, random, ended);
        struck[fault] = (struck[fault] ?? 0) + 1;
      }
      await turn();
    }
  };
  const clients = clientsOf(shop.transport, { deadlineMsDefault: 5_000 });
  const traffic = { clients, seed, ordersPerSecond: ORDERS_PER_SECOND, attemptsMax: 100, signal: ended };
  const [totals] = await Promise.all([simulate(traffic), watch().finally(() => failed.abort())]);
  await shop.settled({ timeoutMs: 120_000 });
  return { samples, totals, struck, disagreements: await audit(shop.ask, { settled: true }) };
}

async function strike({ posts, adminOf }: SpreadShop, random: Random, signal: AbortSignal): Promise<string> {
  const dice = random.next();
  const victim = posts.find(({ domains }) => domains.includes("fulfillment"));
  if (dice < 0.3) {
    await victim?.process().kill();
    await victim?.start();
    return "killed";
  }
  if (dice < 0.8) {
    const name = domainNames[random.between(0, domainNames.length - 1)] ?? "order";
    await adminOf(name).query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = $1",
      [`${name}_app`],
    );
    return "cut off";
  }
  const sleeper = posts[random.between(0, posts.length - 1)]?.process();
  sleeper?.pause();
  await pace(1_000 / STOPPED_MS, signal)();
  sleeper?.resume();
  return "stopped";
}

async function measure(shop: SpreadShop, directory: string): Promise<Readonly<Record<string, number>>> {
  const processes = shop.posts.filter(({ domains }) => !domains.includes("fulfillment"));
  const figures = await Promise.all([...processes.map(processFigures), databaseFigures(shop)]);
  return Object.assign({ "disk .polder": await sizeOf(join(directory, ".polder")) }, ...figures);
}

async function processFigures({ domains, process }: Post): Promise<Readonly<Record<string, number>>> {
  const { rss, heap } = (await process().ask("figures")) as { readonly rss: number; readonly heap: number };
  const name = domains.join("+");
  const files = await readdir(`/proc/${process().pid}/fd`).catch(() => []);
  return { [`rss ${name}`]: rss, [`heap ${name}`]: heap, [`files ${name}`]: files.length };
}

/** Tables of Polder itself: their bytes with indexes and dead rows, and the rows of those that are written all the time. */
async function databaseFigures({ adminOf }: SpreadShop): Promise<Readonly<Record<string, number>>> {
  const { query } = adminOf("order");
  const { rows: sizes } = await query<{ name: string; bytes: string }>(
    `select regexp_replace(regexp_replace(relname, '^log_.*', 'log'), '_?[0-9]+$', '') as name,
  sum(pg_total_relation_size(c.oid)) as bytes
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where relkind = 'r' and (nspname = 'polder' or nspname = any ($1) and relname like '\\_%')
group by 1`,
    [domainNames],
  );
  const counted = domainNames.flatMap((name) => [
    `select 'outbox' as name, count(*) as n from "${name}"._outbox`,
    `select 'log', count(*) from polder.log_${name}`,
    `select 'request', count(*) from "${name}"._request`,
    `select 'saga', count(*) from "${name}"._saga`,
  ]);
  const { rows: counts } = await query<{ name: string; n: string }>(
    `select name, sum(n) as n from (${counted.join(" union all ")}) as counted group by name`,
  );
  const { rows: connections } = await query<{ n: number }>(
    "select count(*)::int as n from pg_stat_activity where datname = current_database() and usename like '%\\_app'",
  );
  return {
    connections: connections[0]?.n ?? 0,
    ...Object.fromEntries(sizes.map(({ name, bytes }) => [`bytes ${name}`, Number(bytes)])),
    ...Object.fromEntries(counts.map(({ name, n }) => [`rows ${name}`, Number(n)])),
  };
}

async function sizeOf(directory: string): Promise<number> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  const sizes = files
    .filter((file) => file.isFile())
    // It may be removed meanwhile, as the oldest.
    .map(({ parentPath, name }) =>
      stat(join(parentPath, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
