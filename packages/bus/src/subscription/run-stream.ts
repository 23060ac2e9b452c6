import { type Logger, silentLogger, type Subscription } from "@polder/model";
import type { Database } from "@polder/postgres";
import { type CrashPoint, noCrash } from "../crash-point.ts";
import type { EventSource, Page } from "../log/event-source.ts";
import { pauseFor } from "../pause.ts";
import { type HeldRange, openCheckpoints, type StreamName } from "./checkpoints.ts";
import { type Delivery, type HandleEvents, openDelivery } from "./deliver.ts";
import { openParking, type Parking } from "./parking.ts";
import { retryPolicy } from "./retry-policy.ts";

/** What {@link runStream} needs. */
export interface StreamOptions {
  readonly subscription: Subscription;
  readonly source: EventSource;
  /** The consumer's database, as its own role. */
  readonly database: Database;
  /** UUID of this process's instance of the domain; see `startPresence`. */
  readonly instance: string;
  readonly handle: HandleEvents;
  /** How long a lease lasts, in milliseconds; renewed three times in that time. Default 15,000. */
  readonly leaseMs?: number;
  /** How long to sleep when nobody says that there is work, in milliseconds. Default 5,000. */
  readonly pollMs?: number;
  readonly random?: () => number;
  readonly logger?: Logger;
  readonly crashPoint?: CrashPoint;
}

/** A running stream: one subscription on the log of one publisher. */
export interface Stream extends StreamName {
  /** Looks at once whether there is something to do. */
  readonly wake: () => void;
  /** Ends after the batch under way and gives the leases back; when `signal` aborts, the batch is rolled back. */
  readonly stop: (options?: { readonly signal?: AbortSignal }) => Promise<void>;
}

/** What this process holds of a stream. */
interface Held {
  range: HeldRange;
  /** Everything up to here needs no handling; runs ahead of the checkpoint when no event concerned us. */
  scanned: bigint;
  readonly parkedKeys: Set<string>;
}

/** Between two looks at what is parked, in milliseconds. */
const PARKED_LOOK_MS = 250;
/** A checkpoint that moves only because nothing concerned us is written this often, in milliseconds. */
const IDLE_CHECKPOINT_MS = 1_000;
/** Progress is told to the publisher this often, in milliseconds. */
const REPORT_MS = 2_000;
/** Parked events that one look takes at most. */
const DUE_MAX = 100;
/** Longest pause after a failure, in milliseconds. */
const FAILED_PAUSE_MAX_MS = 5_000;

/** Starts to deliver the events of one publisher to one subscription. */
export function runStream(options: StreamOptions): Stream {
  const { subscription, source, database, instance, leaseMs = 15_000, pollMs = 5_000, logger = silentLogger, crashPoint = noCrash } = options;
  const name: StreamName = { consumer: subscription.domain, subscription: subscription.name, publisher: source.publisher };
  const events = subscription.events.filter((event) => event.startsWith(`${source.publisher}.`));
  const { attemptsMax = 8, backoffMs = 500, backoffMaxMs = 300_000, batchSizeMax = 500, timeoutMs = 30_000 } = subscription.options;
  const stopping = new AbortController();
  const aborting = new AbortController();
  const pause = pauseFor(stopping.signal);
  const checkpoints = openCheckpoints(name, { database, owner: instance, leaseMs });
  const parking = openParking(name, database);
  const policy = retryPolicy({ attemptsMax, backoffMs, backoffMaxMs, random: options.random ?? Math.random });
  const delivery = openDelivery({
    stream: name,
    subscription,
    database,
    checkpoints,
    parking,
    policy,
    handle: options.handle,
    timeoutMs,
    logger,
    signal: aborting.signal,
    crashPoint,
  });
  const ignoreGrowth = source.onGrowth(pause.wake);
  const clock = { renewAtMs: 0, parkedAtMs: 0, idleWriteAtMs: 0, reportAtMs: 0 };
  let held: Held[] = [];

  // Renewed beside the loop as well: a batch may last longer than a lease.
  const renewing = setInterval(() => {
    clock.renewAtMs = 0;
    if (held.length > 0) checkpoints.touch().catch(() => undefined);
  }, leaseMs / 3);

  const renew = async (): Promise<void> => {
    if (performance.now() < clock.renewAtMs) return;
    const ranges = await checkpoints.renew();
    const before = new Map(held.map((one) => [`${one.range.lo}-${one.range.hi}-${one.range.epoch}`, one]));
    held = await Promise.all(
      ranges.map(async (range) => before.get(`${range.lo}-${range.hi}-${range.epoch}`) ?? { range, scanned: range.seq, parkedKeys: new Set(await parking.keys(range)) }),
    );
    // Without a range this process waits for its share: it looks again soon.
    clock.renewAtMs = performance.now() + (held.length === 0 ? Math.min(1_000, leaseMs / 3) : leaseMs / 3);
  };

  const run = async (): Promise<void> => {
    let created = false;
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        if (!created) {
          await create({ checkpoints, source, subscription, name });
          created = true;
        }
        await renew();
        let busy = false;
        for (const one of held) {
          if (stopping.signal.aborted) break;
          busy = (await retryDue(one, { delivery, parking, clock })) || busy;
          busy = (await readOn(one)) || busy;
        }
        await report();
        failures = 0;
        if (!busy) await pause.for(nextPauseMs(), { interruptible: true });
      } catch (error) {
        held = [];
        clock.renewAtMs = 0;
        if (stopping.signal.aborted) break;
        failures += 1;
        logger.warn("a subscription could not go on; it tries again", { ...name, failures, error });
        await pause.for(Math.min(FAILED_PAUSE_MAX_MS, 20 * 2 ** Math.min(failures, 20)), { interruptible: false });
      }
    }
  };

  const nextPauseMs = (): number => {
    const now = performance.now();
    const parked = held.some(({ parkedKeys }) => parkedKeys.size > 0) ? PARKED_LOOK_MS : pollMs;
    const unwritten = held.some(({ range, scanned }) => scanned > range.seq) ? IDLE_CHECKPOINT_MS : pollMs;
    return Math.max(1, Math.min(parked, unwritten, clock.renewAtMs - now, pollMs));
  };

  /** Reads a page and handles it; says whether there may be more at once. */
  const readOn = async (one: Held): Promise<boolean> => {
    await crashPoint("read:before");
    const neighbour = held.find(({ range }) => range.lo === one.range.hi + 1 || range.hi === one.range.lo - 1);
    // Two neighbouring ranges are to meet at one position, so that they can be joined.
    const upTo = neighbour !== undefined && neighbour.scanned > one.scanned ? { upTo: neighbour.scanned } : {};
    const page: Page = await source.read({ after: one.scanned, ...upTo, parts: one.range, events, eventsMax: batchSizeMax });
    await crashPoint("read:after");
    if (page.events.length === 0) {
      one.scanned = page.scanned;
      const now = performance.now();
      if (one.scanned > one.range.seq && now >= clock.idleWriteAtMs) {
        clock.idleWriteAtMs = now + IDLE_CHECKPOINT_MS;
        await moveTo(one, [], one.scanned);
      }
      return page.scanned < page.head;
    }
    await moveTo(one, page.events, page.scanned);
    return true;
  };

  const moveTo = async (one: Held, pageEvents: Page["events"], reached: bigint): Promise<void> => {
    await delivery.deliver(one.range, pageEvents, reached, one.parkedKeys);
    one.range = { ...one.range, seq: reached };
    one.scanned = reached;
  };

  const report = async (): Promise<void> => {
    const now = performance.now();
    if (now < clock.reportAtMs || held.length === 0) return;
    clock.reportAtMs = now + REPORT_MS;
    const lowest = await checkpoints.lowest();
    if (lowest === undefined) return;
    await crashPoint("report:before");
    await source.report(name.subscription, lowest);
    await crashPoint("report:after");
  };

  const running = run();
  return {
    ...name,
    wake: () => {
      clock.renewAtMs = 0;
      pause.wake();
    },
    stop: async ({ signal } = {}) => {
      const abort = (): void => aborting.abort(signal?.reason);
      if (signal?.aborted === true) abort();
      signal?.addEventListener("abort", abort, { once: true });
      stopping.abort();
      clearInterval(renewing);
      ignoreGrowth();
      await running;
      signal?.removeEventListener("abort", abort);
      await checkpoints.release().catch((error: unknown) => logger.debug("leases were not given back; they expire", { ...name, error }));
    },
  };
}

async function create(parts: {
  readonly checkpoints: ReturnType<typeof openCheckpoints>;
  readonly source: EventSource;
  readonly subscription: Subscription;
  readonly name: StreamName;
}): Promise<void> {
  const { checkpoints, source, subscription, name } = parts;
  const lowest = await checkpoints.lowest();
  if (lowest === undefined) {
    const { head, oldest } = await source.state();
    // Registered before the first checkpoint, so that nothing it begins with is dropped in between.
    const start = subscription.options.from === "now" ? head : oldest - 1n;
    await source.report(name.subscription, start);
    await checkpoints.create(start);
  } else {
    await source.report(name.subscription, lowest);
  }
}

async function retryDue(one: Held, parts: { readonly delivery: Delivery; readonly parking: Parking; readonly clock: { parkedAtMs: number } }): Promise<boolean> {
  if (one.parkedKeys.size === 0 || performance.now() < parts.clock.parkedAtMs) return false;
  const due = await parts.parking.due(one.range, DUE_MAX);
  if (due.length === 0) {
    parts.clock.parkedAtMs = performance.now() + PARKED_LOOK_MS;
    return false;
  }
  for (const { event, dropped } of due) {
    const { keyIsFree } = await parts.delivery.retry(one.range, event, { dropped });
    if (keyIsFree) one.parkedKeys.delete(event.key);
  }
  return true;
}
