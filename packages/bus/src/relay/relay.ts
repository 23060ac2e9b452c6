import { type Logger, silentLogger } from "@polder/model";
import { type Database, homeOf } from "@polder/postgres";
import { ROWS_PER_PARTITION } from "../bus-steps.ts";
import { type CrashPoint, noCrash } from "../crash-point.ts";
import type { GrowthSignal } from "../log/event-source.ts";
import { busNames } from "../names.ts";
import { type Pause, pauseFor } from "../pause.ts";

/** What {@link startRelay} needs. */
export interface RelayOptions {
  readonly domain: string;
  /** The domain's database, as the domain's own role. */
  readonly database: Database;
  readonly growth: GrowthSignal;
  /** Events that one step moves at most. Default 2,000. */
  readonly stepEventsMax?: number;
  /** Pause between two steps under load, in milliseconds: larger steps cost less. Default 5. */
  readonly paceMs?: number;
  /** How long to sleep when nobody says that there is work, in milliseconds: what a process that was killed between its
   * commit and its word has published waits that long. Default 5,000. */
  readonly pollMs?: number;
  /** How long the log is kept at least, also when nobody needs it any more, in days. Default 7. */
  readonly keepDays?: number;
  /** Rows of a partition of outbox and log. Default 1,000,000. */
  readonly rowsPerPartition?: number;
  /** Pause between two looks for partitions to make and to drop, in milliseconds. Default 60,000. */
  readonly maintainMs?: number;
  readonly logger?: Logger;
  /** Told of every step, with the number of events that it moved. */
  readonly onStep?: (moved: number) => void;
  readonly crashPoint?: CrashPoint;
}

/** The relay of one domain in this process. Any number of processes may run one. */
export interface Relay {
  /** Says that a transaction with events has committed. */
  readonly wake: () => void;
  /** Ends after the step under way. What is left is moved by whoever comes next. */
  readonly stop: () => Promise<void>;
}

interface Step {
  readonly moved: number;
  readonly more: boolean;
  /** The newest position; unknown when another process is at it. */
  readonly head: string | null;
}

/** Longest pause after a failure, in milliseconds. */
const FAILED_PAUSE_MAX_MS = 5_000;

/**
 * Starts to move committed events of a domain from its outbox into its log. At once when woken out of
 * idleness, paced under load.
 */
export function startRelay(options: RelayOptions): Relay {
  const {
    domain,
    database,
    growth,
    stepEventsMax = 2_000,
    paceMs = 5,
    pollMs = 5_000,
    logger = silentLogger,
    crashPoint = noCrash,
  } = options;
  const sql = busNames(homeOf(domain));
  const stepText = `select moved, more, head from ${sql.relay}($1)`;
  const stopping = new AbortController();
  const pause: Pause = pauseFor(stopping.signal);

  const upkeep = openUpkeep(options, `select ${sql.maintain}($1, make_interval(secs => $2))`);

  const run = async (): Promise<void> => {
    let failures = 0;
    let adopted = false;
    while (!stopping.signal.aborted) {
      try {
        if (!adopted) {
          await database.query(`select ${sql.adopt}()`);
          adopted = true;
        }
        await upkeep.ifDue();
        await crashPoint("relay:before-step");
        // Whoever wakes from now on may have committed too late for this step.
        pause.forget();
        const { rows } = await database.query<Step>(stepText, [stepEventsMax]);
        await crashPoint("relay:after-step");
        const step = rows[0] ?? { moved: 0, more: false, head: null };
        failures = 0;
        upkeep.moved(step.moved);
        options.onStep?.(step.moved);
        if (step.moved > 0) growth.grown(domain, step.head === null ? undefined : BigInt(step.head));
        // A full page is followed at once; otherwise a pause lets the next step carry more.
        if (step.moved > 0 && step.more) continue;
        if (step.moved !== 0 || step.more) await pause.for(paceMs, { interruptible: false });
        if (!step.more) await pause.for(pollMs, { interruptible: true });
      } catch (error) {
        if (stopping.signal.aborted) break;
        failures += 1;
        logger.warn("the relay could not move events; it tries again", { domain, failures, error });
        await pause.for(Math.min(FAILED_PAUSE_MAX_MS, 50 * 2 ** failures), { interruptible: false });
      }
    }
  };

  const running = run();
  return {
    wake: pause.wake,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** Partitions ahead of what is written, and away with those that nobody needs. */
interface Upkeep {
  readonly ifDue: () => Promise<void>;
  /** Tells of events that were moved. */
  readonly moved: (events: number) => void;
}

function openUpkeep(options: RelayOptions, text: string): Upkeep {
  const { database, keepDays = 7, maintainMs = 60_000, rowsPerPartition = ROWS_PER_PARTITION } = options;
  let dueAtMs = 0;
  let movedSince = 0;
  return {
    ifDue: async () => {
      // Two partitions lie ahead; after half a one there is need of the next.
      if (performance.now() < dueAtMs && movedSince < rowsPerPartition / 2) return;
      await database.query(text, [String(rowsPerPartition), keepDays * 86_400]);
      dueAtMs = performance.now() + maintainMs;
      movedSince = 0;
    },
    moved: (events) => {
      movedSince += Math.max(0, events);
    },
  };
}
