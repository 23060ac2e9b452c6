import { setTimeout as wait } from "node:timers/promises";
import type { EventSource, HandleEvents, Stream } from "@polder/bus";
import type { Copied, Domain, Logger, Replica, Subscription } from "@polder/model";
import type { Database } from "@polder/postgres";
import type { Build } from "../build/builds.ts";
import type { ReadingCrashPoint } from "../crash-point.ts";
import { buildSchema } from "../names.ts";
import { projectionOf } from "../read-model/project.ts";
import { fillReplica } from "../replica/fill-replica.ts";
import { keepingOf } from "../replica/keep-replica.ts";
import type { ReadingSeams } from "../seams.ts";

/** What keeping one build needs. */
export interface RunningBuildOptions {
  readonly domain: Domain;
  readonly copied: Copied;
  readonly build: Build;
  /** The domain's database, as its own role. */
  readonly database: Database;
  readonly source: (publisher: string) => EventSource;
  /** Starts the streams of a subscription, one for each publisher; its handlers' transactions are of this database. */
  readonly startStreams: (handled: {
    readonly subscription: Subscription;
    readonly handle: HandleEvents;
    readonly database: Database;
  }) => readonly Stream[];
  readonly seams: ReadingSeams;
  readonly instance: string;
  readonly leaseMs: number;
  readonly logger: Logger;
  /** Told when it has been filled. */
  readonly onFilled: () => void;
  readonly crashPoint?: ReadingCrashPoint;
}

/** A build that this process keeps. */
export interface RunningBuild {
  readonly build: number;
  readonly subscription: string;
  /** Looks at once whether there is something to do. */
  readonly wake: () => void;
  readonly stop: (options?: { readonly signal?: AbortSignal }) => Promise<void>;
}

/** Pause after a page that could not be had, in milliseconds: at first, and at most. */
const FILL_PAUSE_MS = 500;
const FILL_PAUSE_MAX_MS = 30_000;

/** Keeps a build: fills it first where it is of a replica that has not been filled, then handles its events. */
export function runBuild(options: RunningBuildOptions): RunningBuild {
  const { domain, copied, build } = options;
  const subscription = subscriptionOf(domain, copied, build);
  const stopping = new AbortController();
  let streams: readonly Stream[] = [];
  const start = (): void => {
    if (stopping.signal.aborted) return;
    streams = options.startStreams({ subscription, handle: handlerOf(options), database: inBuild(options) });
  };
  const filling =
    copied.kind === "replica" && build.filledAt === null
      ? fill({ ...options, copied, signal: stopping.signal }).then((isFilled) => {
          if (!isFilled) return;
          options.onFilled();
          start();
        })
      : undefined;
  if (filling === undefined) start();
  return {
    build: build.build,
    subscription: subscription.name,
    wake: () => {
      for (const stream of streams) stream.wake();
    },
    stop: async (stopOptions) => {
      stopping.abort();
      await filling;
      await Promise.all(streams.map((stream) => stream.stop(stopOptions)));
    },
  };
}

function handlerOf({ copied, seams, logger }: RunningBuildOptions): HandleEvents {
  return copied.kind === "read model" ? projectionOf(copied, seams, logger) : keepingOf(copied, seams);
}

/** The database, whose transactions find the tables of the build by their names. */
function inBuild({ domain, build, database }: RunningBuildOptions): Database {
  const schema = buildSchema(domain.name, build.build);
  return { ...database, begin: (mode, options) => database.begin(mode, { schema, ...options }) };
}

function subscriptionOf(domain: Domain, copied: Copied, build: Build): Subscription {
  return {
    kind: "subscription",
    domain: domain.name,
    name: build.subscription,
    mode: copied.kind === "replica" ? "batch" : copied.mode,
    events: copied.events,
    options: copied.options,
    handlers: {},
  };
}

/** Fills a replica however often that takes; says whether it is filled, or the process stops before. */
async function fill(
  options: RunningBuildOptions & { readonly copied: Replica; readonly signal: AbortSignal },
): Promise<boolean> {
  const { domain, copied, build, source, seams, leaseMs, logger, signal, crashPoint } = options;
  const [owner = ""] = copied.events.map((event) => event.split(".", 1)[0] ?? "");
  const crash = crashPoint === undefined ? {} : { crashPoint };
  for (let failures = 0; !signal.aborted; ) {
    try {
      const call = seams.call(signal);
      const given = { domain, replica: copied, build, database: options.database, source: source(owner) };
      const filled = await fillReplica({ ...given, call, instance: options.instance, leaseMs, signal, ...crash });
      if (filled === "filled") return true;
      failures = 0;
      // Should the other process die, this one goes on.
      await pause(leaseMs / 3, signal);
    } catch (error) {
      if (signal.aborted) return false;
      failures += 1;
      const pauseMs = Math.min(FILL_PAUSE_MAX_MS, FILL_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
      logger.warn("a replica could not be filled; it goes on soon", { replica: copied.name, failures, pauseMs, error });
      await pause(pauseMs, signal);
    }
  }
  return false;
}

async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  // It ends early when the process stops.
  await wait(durationMs, undefined, { signal }).catch(() => undefined);
}
