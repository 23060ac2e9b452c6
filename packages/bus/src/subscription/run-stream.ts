import { type Logger, type Subscription, silentLogger } from "@polder/model";
import type { Database } from "@polder/postgres";
import { type CrashPoint, noCrash } from "../crash-point.ts";
import { busErrors } from "../errors.ts";
import type { EventSource, LoggedEvent, Page } from "../log/event-source.ts";
import { pauseFor } from "../pause.ts";
import { beginStream } from "./begin.ts";
import { type Checkpoints, type HeldRange, openCheckpoints, type StreamName } from "./checkpoints.ts";
import { type Delivered, type Delivery, type HandleEvents, openDelivery } from "./deliver.ts";
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
  readonly onDelivered?: (delivered: Delivered) => void;
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
  /** The next page, read while this one is handled. */
  ahead: Promise<Page> | undefined;
  readonly parkedKeys: Set<string>;
}

/** Between two looks at what is parked, in milliseconds. */
const PARKED_LOOK_MS = 250;
/** A checkpoint that moves only because nothing concerned us is written this often, in milliseconds. */
const IDLE_CHECKPOINT_MS = 1_000;
/** Progress is told to the publisher this often, in milliseconds. */
const REPORT_MS = 2_000;
/** Without progress it is told that much later, as a sign of life, in milliseconds. */
const REPORT_IDLE_MS = 60_000;
/** Parked events that one look takes at most. */
const DUE_MAX = 100;
/** Longest pause after a failure, in milliseconds. */
const FAILED_PAUSE_MAX_MS = 5_000;

/** Starts to deliver the events of one publisher to one subscription. */
export function runStream(options: StreamOptions): Stream {
  const { subscription, source, leaseMs = 15_000, logger = silentLogger } = options;
  const name: StreamName = {
    consumer: subscription.domain,
    subscription: subscription.name,
    publisher: source.publisher,
  };
  const stopping = new AbortController();
  const aborting = new AbortController();
  const work = openWork(options, name, aborting.signal);
  const { checkpoints, clock } = work;
  const pause = pauseFor(stopping.signal);
  const ignoreGrowth = source.onGrowth((head) => {
    if (head === undefined) return pause.wake();
    if (head > work.wanted) work.wanted = head;
    if (hasMore(work)) pause.wake();
  });
  // A batch may last longer than a lease: when the loop does not come to renew it, this does.
  const renewing = setInterval(() => {
    const isLate = performance.now() >= clock.renewAtMs;
    if (isLate && work.held.length > 0) checkpoints.touch().catch(() => undefined);
  }, leaseMs / 3);

  const run = async (): Promise<void> => {
    let isCreated = false;
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        if (!isCreated) await begin(work);
        isCreated = true;
        // What wakes from now on may not be seen by the reads of this round; where positions are known, they tell.
        pause.forget();
        const isBusy = await goRound(work, stopping.signal);
        failures = 0;
        if (!isBusy && !hasMore(work)) await pause.for(pauseMs(work), { interruptible: true });
      } catch (error) {
        // What this process thinks it holds may be wrong now: it is read anew.
        work.held = [];
        clock.renewAtMs = 0;
        if (stopping.signal.aborted) break;
        failures += 1;
        logger.warn("a subscription could not go on; it tries again", { ...name, failures, error });
        await pause.for(Math.min(FAILED_PAUSE_MAX_MS, 20 * 2 ** Math.min(failures, 20)), { interruptible: false });
      }
    }
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
      await checkpoints
        .release()
        .catch((error: unknown) => logger.debug("leases were not given back; they expire", { ...name, error }));
    },
  };
}

/** What the loop of a stream works with. */
interface Work {
  readonly name: StreamName;
  readonly options: StreamOptions;
  /** The publisher's events that the subscription wants. */
  readonly events: readonly string[];
  readonly checkpoints: Checkpoints;
  readonly parking: Parking;
  readonly delivery: Delivery;
  readonly crashPoint: CrashPoint;
  /** When what is done now and then is due, by the clock of `performance`. */
  readonly clock: { renewAtMs: number; parkedAtMs: number; idleWriteAtMs: number; reportAtMs: number };
  held: readonly Held[];
  /** The newest position that this process has heard of. */
  wanted: bigint;
  /** What this process held when it last told the publisher how far the subscription has come. */
  reported: string;
}

function openWork(options: StreamOptions, name: StreamName, signal: AbortSignal): Work {
  const {
    subscription,
    source,
    database,
    handle,
    logger = silentLogger,
    crashPoint = noCrash,
    leaseMs = 15_000,
  } = options;
  const { attemptsMax = 8, backoffMs = 500, backoffMaxMs = 300_000, timeoutMs = 30_000 } = subscription.options;
  const checkpoints = openCheckpoints(name, { database, owner: options.instance, leaseMs });
  const parking = openParking(name, database);
  const policy = retryPolicy({ attemptsMax, backoffMs, backoffMaxMs, random: options.random ?? Math.random });
  return {
    name,
    options,
    events: subscription.events.filter((event) => event.startsWith(`${source.publisher}.`)),
    checkpoints,
    parking,
    delivery: openDelivery({
      stream: name,
      subscription,
      database,
      checkpoints,
      parking,
      policy,
      handle,
      timeoutMs,
      logger,
      signal,
      crashPoint,
      ...(options.onDelivered === undefined ? {} : { onDelivered: options.onDelivered }),
    }),
    crashPoint,
    clock: { renewAtMs: 0, parkedAtMs: 0, idleWriteAtMs: 0, reportAtMs: 0 },
    held: [],
    wanted: 0n,
    reported: "",
  };
}

async function begin({ checkpoints, options: { source, subscription }, name }: Work): Promise<void> {
  await beginStream(name, checkpoints, { source, from: subscription.options.from ?? "first" });
}

/** One round: leases, what is parked, a page of each range. Says whether there may be more to do at once. */
async function goRound(work: Work, stopping: AbortSignal): Promise<boolean> {
  await renew(work);
  let isBusy = false;
  for (const one of work.held) {
    if (stopping.aborted) break;
    isBusy = (await retryDue(work, one)) || isBusy;
    isBusy = (await readOn(work, one)) || isBusy;
  }
  await report(work);
  return isBusy;
}

async function renew(work: Work): Promise<void> {
  const { clock, checkpoints, parking, options } = work;
  if (performance.now() < clock.renewAtMs) return;
  const leaseMs = options.leaseMs ?? 15_000;
  const ranges = await checkpoints.renew();
  const before = new Map(work.held.map((one) => [idOf(one.range), one]));
  work.held = await Promise.all(
    ranges.map(
      async (range) =>
        before.get(idOf(range)) ?? {
          range,
          scanned: range.seq,
          ahead: undefined,
          parkedKeys: new Set(await parking.keys(range)),
        },
    ),
  );
  // Without a range this process waits for its share: it looks again soon.
  clock.renewAtMs = performance.now() + (work.held.length === 0 ? Math.min(1_000, leaseMs / 3) : leaseMs / 3);
}

function idOf({ lo, hi, epoch }: HeldRange): string {
  return `${lo}-${hi}-${epoch}`;
}

async function retryDue({ clock, parking, delivery }: Work, one: Held): Promise<boolean> {
  if (one.parkedKeys.size === 0 || performance.now() < clock.parkedAtMs) return false;
  const due = await parking.due(one.range, DUE_MAX);
  if (due.length === 0) clock.parkedAtMs = performance.now() + PARKED_LOOK_MS;
  for (const event of due) {
    const { keyIsFree } = await delivery.retry(one.range, event);
    if (keyIsFree) one.parkedKeys.delete(event.key);
  }
  return due.length > 0;
}

/** Reads a page and handles it; says whether there may be more at once. */
async function readOn(work: Work, one: Held): Promise<boolean> {
  const { options, events, clock, crashPoint } = work;
  await crashPoint("read:before");
  const neighbour = work.held.find(({ range }) => range.lo === one.range.hi + 1 || range.hi === one.range.lo - 1);
  // Two neighbouring ranges are to meet at one position, so that they can be joined.
  const upTo = neighbour !== undefined && neighbour.scanned > one.scanned ? { upTo: neighbour.scanned } : {};
  const eventsMax = options.subscription.options.batchSizeMax ?? 500;
  const read = async (after: bigint): Promise<Page> => {
    const { wanted } = work;
    const page = await options.source.read({ after, ...upTo, parts: one.range, events, eventsMax });
    // Shorter than what was said before: the log was set back, and there is nothing to wait for.
    if (page.head < wanted && work.wanted === wanted) work.wanted = page.head;
    if (page.head < one.range.seq) throw await setBack(work, one.range.seq);
    return page;
  };
  const { ahead } = one;
  one.ahead = undefined;
  const page = await (ahead ?? read(one.scanned));
  await crashPoint("read:after");
  if (page.events.length > 0) {
    if (page.scanned < page.head && neighbour === undefined) {
      one.ahead = read(page.scanned);
      // Looked at in the next round; when the range is lost before, nobody does.
      one.ahead.catch(() => undefined);
    }
    await moveTo(work, one, page.events, page.scanned);
    return page.scanned < page.head;
  }
  one.scanned = page.scanned;
  const now = performance.now();
  if (one.scanned > one.range.seq && now >= clock.idleWriteAtMs) {
    clock.idleWriteAtMs = now + IDLE_CHECKPOINT_MS;
    await moveTo(work, one, [], one.scanned);
  }
  return page.scanned < page.head;
}

/** Positions that were handled will be given to other events: to go on would be to pass over those. */
async function setBack({ name, options }: Work, seq: bigint): Promise<Error> {
  const { head, oldest } = await options.source.state();
  return busErrors.POSITION_UNAVAILABLE(
    `The log of "${name.publisher}" ends at ${head}, and "${name.subscription}" of "${name.consumer}" has been at ${seq} already: the publisher's database was set back to an earlier moment than the consumer's. Replay the subscription from ${head + 1n}.`,
    { publisher: name.publisher, position: String(seq), oldest: String(oldest), head: String(head) },
  );
}

async function moveTo({ delivery }: Work, one: Held, events: readonly LoggedEvent[], reached: bigint): Promise<void> {
  await delivery.deliver(one.range, events, reached, one.parkedKeys);
  one.range = { ...one.range, seq: reached };
  one.scanned = reached;
}

async function report(work: Work): Promise<void> {
  const { name, options, checkpoints, clock, crashPoint, held } = work;
  const now = performance.now();
  const mine = held.map(({ range }) => `${range.lo}:${range.seq}`).join();
  const isDue = mine === work.reported ? now >= clock.reportAtMs + REPORT_IDLE_MS : now >= clock.reportAtMs;
  if (!isDue || held.length === 0) return;
  clock.reportAtMs = now + REPORT_MS;
  work.reported = mine;
  const lowest = await checkpoints.lowest();
  if (lowest === undefined) return;
  await crashPoint("report:before");
  await options.source.report(name.subscription, lowest);
  await crashPoint("report:after");
}

/** Is there a position that this process has heard of and not yet looked at? */
function hasMore({ held, wanted }: Work): boolean {
  return held.some(({ scanned }) => scanned < wanted);
}

function pauseMs({ held, clock, options }: Work): number {
  const pollMs = options.pollMs ?? 5_000;
  const parkedMs = held.some(({ parkedKeys }) => parkedKeys.size > 0) ? PARKED_LOOK_MS : pollMs;
  const unwrittenMs = held.some(({ range, scanned }) => scanned > range.seq) ? IDLE_CHECKPOINT_MS : pollMs;
  return Math.max(1, Math.min(pollMs, parkedMs, unwrittenMs, clock.renewAtMs - performance.now()));
}
