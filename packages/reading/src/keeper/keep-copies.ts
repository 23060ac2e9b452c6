import { type GrowthSignal, pauseFor } from "@polder/bus";
import { type Copied, domainOf, type Logger, silentLogger } from "@polder/model";
import { type Build, isBuildOf, listBuilds, noteLacks } from "../build/builds.ts";
import { publishersOf } from "../build/definition.ts";
import { dropBuild, forgetOthers, switchBuild } from "../build/place-builds.ts";
import { noCrash } from "../crash-point.ts";
import { type BuildLook, lookAtBuild } from "./look-at-builds.ts";
import { type RunningBuild, type RunningBuildOptions, runBuild } from "./running-build.ts";

/** What {@link keepCopies} needs. */
export interface KeepCopiesOptions
  extends Pick<
    RunningBuildOptions,
    "domain" | "database" | "source" | "startStreams" | "seams" | "instance" | "crashPoint"
  > {
  /** The read models and replicas of the domain. */
  readonly copies: readonly Copied[];
  /** Wakes it when a build was switched or dropped elsewhere. */
  readonly growth: GrowthSignal;
  /** Told when other subscriptions run here than before. */
  readonly onSubscriptions?: () => Promise<void>;
  readonly leaseMs?: number;
  /** Between two looks at the builds, in milliseconds. Default 1,000. */
  readonly lookMs?: number;
  /** For how long a build is kept after another one has taken its place, in milliseconds. Default one hour. */
  readonly formerKeptMs?: number;
  /** Between two looks for what builds have left that are no more, in milliseconds. Default one minute. */
  readonly forgetMs?: number;
  readonly logger?: Logger;
}

/** A read model or replica, as it stands. */
export interface CopyLook {
  readonly copied: Copied;
  readonly build: Build;
  readonly sources: readonly BuildLook[];
  /** The oldest of what is not in its tables yet has been waiting for so long, in milliseconds. */
  readonly stalenessMs: number;
  /** Longer than it is declared to bear. */
  readonly isOver: boolean;
  /** It has handled everything that was there at the look before. */
  readonly isCaughtUp: boolean;
}

/** The read models and replicas of a domain, as this process keeps them. */
export interface KeptCopies {
  /** The names of the subscriptions that run here. */
  readonly subscriptions: () => readonly string[];
  /** How those stand that serve, as of the last look. */
  readonly looks: () => readonly CopyLook[];
  /** Looks at once whether there is something to do. */
  readonly wake: () => void;
  /** Ends after the batches under way; they are rolled back when `signal` aborts. */
  readonly stop: (options?: { readonly signal?: AbortSignal }) => Promise<void>;
}

const FORMER_KEPT_MS = 3_600_000;
const FORGET_MS = 60_000;

/**
 * Keeps the read models and replicas of a domain, in as many processes as run it: handles the events of every build whose
 * definition this process knows, puts a build in its place when it has caught up, drops the one before after a while, and
 * measures how far behind they are.
 *
 * A build goes through: making (tables), building (replicas are filled first, then events are handled), serving, former.
 * All of it stands in the database, so that whoever runs the domain next goes on from there.
 */
export function keepCopies(options: KeepCopiesOptions): KeptCopies {
  const { domain, logger = silentLogger, lookMs = 1_000, growth } = options;
  const stopping = new AbortController();
  const pause = pauseFor(stopping.signal);
  // That the domain's own log has grown is told with a position, and is nothing to us.
  const ignoreGrowth = growth.onGrowth(domain.name, (head) => (head === undefined ? pause.wake() : undefined));
  const keeper: Keeper = {
    options,
    logger,
    running: new Map(),
    looks: [],
    ends: new Map(),
    seen: new Map(),
    over: new Set(),
    heldBack: new Set(),
    forgetAtMs: 0,
    wake: pause.wake,
  };

  const run = async (): Promise<void> => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        pause.forget();
        await goRound(keeper);
        failures = 0;
      } catch (error) {
        if (stopping.signal.aborted) break;
        failures += 1;
        // What was seen before says nothing about now.
        keeper.looks = [];
        logger.warn("the read models could not be looked after; it is tried again", { failures, error });
      }
      await pause.for(Math.min(30_000, lookMs * 2 ** Math.min(failures, 5)), { interruptible: failures === 0 });
    }
  };
  const running = options.copies.length === 0 ? Promise.resolve() : run();
  return {
    subscriptions: () => [...keeper.running.values()].map(({ subscription }) => subscription),
    looks: () => keeper.looks,
    wake: pause.wake,
    stop: async (stopOptions) => {
      stopping.abort();
      ignoreGrowth();
      await running;
      await Promise.all([...keeper.running.values()].map((one) => one.stop(stopOptions)));
    },
  };
}

interface Keeper {
  readonly options: KeepCopiesOptions;
  readonly logger: Logger;
  readonly running: Map<number, RunningBuild>;
  looks: readonly CopyLook[];
  /** Where the logs ended at the last look, by build and publisher. */
  readonly ends: Map<string, bigint>;
  /** What was seen there when it could be looked at last. */
  readonly seen: Map<string, { readonly found: BuildLook; readonly atMs: number }>;
  /** The names of those of which it was said that they are too far behind. */
  readonly over: Set<string>;
  /** The builds of which it was said that somebody has to let them serve. */
  readonly heldBack: Set<number>;
  forgetAtMs: number;
  readonly wake: () => void;
}

async function goRound(keeper: Keeper): Promise<void> {
  const { domain, database, copies } = keeper.options;
  const builds = await listBuilds(database, domain.name);
  const known = builds.flatMap((build) => {
    const copied = declarationOf(copies, build);
    return copied === undefined ? [] : [{ build, copied }];
  });
  await runThese(keeper, known);
  // One that serves until its successor does is looked at as well, though this release does not know how to keep it.
  const others = builds.flatMap((build) => {
    const copied = copies.find(({ name }) => name === build.copy);
    const isKept = build.state !== "serving" || known.some((one) => one.build === build);
    return isKept || copied === undefined ? [] : [{ build, copied, begunOnly: true }];
  });
  const looks = await Promise.all([...known, ...others].map((one) => look(keeper, one)));
  for (const one of looks) await switchWhenReady(keeper, one, looks);
  await dropFormer(keeper, builds);
  keeper.looks = looks.filter(({ build }) => build.state === "serving");
  sayWhoIsOver(keeper);
}

interface KnownBuild {
  readonly build: Build;
  readonly copied: Copied;
  /** It is of an earlier declaration, so that what this one says of its events holds as far as they go. */
  readonly begunOnly?: boolean;
}

/** The declaration of a build: as it is now, or as it was before and is kept until the new one serves. */
function declarationOf(copies: readonly Copied[], build: Build): Copied | undefined {
  return copies
    .flatMap((copied) =>
      copied.kind === "read model" && copied.former !== undefined ? [copied, copied.former] : [copied],
    )
    .find((copied) => isBuildOf(copied, build));
}

async function runThese(keeper: Keeper, known: readonly KnownBuild[]): Promise<void> {
  const { options, running, logger, wake } = keeper;
  const wanted = new Set(known.map(({ build }) => build.build));
  const gone = [...running.values()].filter(({ build }) => !wanted.has(build));
  for (const one of gone) {
    running.delete(one.build);
    await one.stop();
  }
  const fresh = known.filter(({ build }) => !running.has(build.build));
  for (const { build, copied } of fresh) {
    if (copied.kind === "read model") await noteHistory(options, build, copied);
    const leaseMs = options.leaseMs ?? 15_000;
    running.set(build.build, runBuild({ ...options, build, copied, leaseMs, logger, onFilled: wake }));
  }
  if (gone.length + fresh.length > 0) await options.onSubscriptions?.();
}

/** Older events may be gone from a log: whoever is built from it then lacks them. */
async function noteHistory(
  { domain, database, source }: KeepCopiesOptions,
  build: Build,
  copied: Copied,
): Promise<void> {
  if (build.lacks !== null) return;
  const oldest = await Promise.all(
    publishersOf(copied).map(async (publisher) => [publisher, (await source(publisher).state()).oldest] as const),
  );
  const lacks = Object.fromEntries(
    oldest.filter(([, seq]) => seq > 1n).map(([publisher, seq]) => [publisher, String(seq)]),
  );
  await noteLacks(database, { domain: domain.name, build: build.build, lacks });
}

async function look(keeper: Keeper, known: KnownBuild): Promise<CopyLook> {
  const { ends } = keeper;
  const { build, copied } = known;
  const looked = await Promise.all(publishersOf(copied).map((publisher) => lookAtSource(keeper, known, publisher)));
  const sources = looked.flat();
  const stalenessMs = Math.max(0, ...sources.map((one) => one.stalenessMs));
  const { stalenessMaxMs = Number.POSITIVE_INFINITY } = copied;
  const isCaughtUp = sources.map(({ publisher, reached, head }) => {
    const key = `${build.build} ${publisher}`;
    const end = ends.get(key);
    ends.set(key, BigInt(head));
    return reached !== undefined && end !== undefined && BigInt(reached) >= end;
  });
  return {
    copied,
    build,
    sources,
    stalenessMs,
    isOver: stalenessMs > stalenessMaxMs,
    isCaughtUp: isCaughtUp.every((one) => one),
  };
}

/**
 * How a build stands against the log of one publisher. While that cannot be asked, as its database is away, nobody knows
 * how much there is to come: the build then ages from what was seen last.
 */
async function lookAtSource(
  { options, seen, logger }: Keeper,
  { build, copied, begunOnly = false }: KnownBuild,
  publisher: string,
): Promise<readonly BuildLook[]> {
  const { domain, database, source } = options;
  const key = `${build.build} ${publisher}`;
  const events = copied.events.filter((event) => domainOf(event) === publisher);
  try {
    const looked = await lookAtBuild({ domain: domain.name, copied: { events }, build, database, source, begunOnly });
    for (const found of looked) seen.set(key, { found, atMs: performance.now() });
    return looked;
  } catch (error) {
    const before = seen.get(key);
    if (before === undefined) throw error;
    const sinceMs = performance.now() - before.atMs;
    logger.debug("a log could not be looked at; what is built from it may be older than is known", {
      ...describe(build),
      publisher,
      error,
    });
    return [{ ...before.found, stalenessMs: before.found.stalenessMs + sinceMs }];
  }
}

/** A build that has caught up takes its place by itself, unless it lacks what the one that serves may have. */
async function switchWhenReady(keeper: Keeper, ready: CopyLook, all: readonly CopyLook[]): Promise<void> {
  const { domain, database, copies, crashPoint = noCrash } = keeper.options;
  const { build, copied, sources } = ready;
  const isWanted = build.state === "building" && !build.byHand && copies.includes(copied);
  if (!isWanted || build.filledAt === null || !ready.isCaughtUp) return;
  const serving = all.find((other) => other.build.copy === build.copy && other.build.state === "serving");
  const isWhole = Object.keys(build.lacks ?? {}).length === 0 && parkedIn(sources) <= parkedIn(serving?.sources ?? []);
  if (!isWhole) return sayHeldBack(keeper, ready);
  try {
    await crashPoint("switch:before");
    if (!(await switchBuild({ domain: domain.name, database, build }))) return;
    await crashPoint("switch:after");
    keeper.logger.info(`a new build of the ${copied.kind} serves`, describe(build));
    keeper.wake();
  } catch (error) {
    keeper.logger.info("a build that has caught up was not switched to yet; it is tried again", {
      ...describe(build),
      error,
    });
  }
}

/** Once a build: it may go on for long until somebody has looked at it. */
function sayHeldBack({ heldBack, logger }: Keeper, { copied, build, sources }: CopyLook): void {
  if (heldBack.has(build.build)) return;
  heldBack.add(build.build);
  logger.warn(
    `a new build of the ${copied.kind} has caught up, but may lack what the one that serves has: look at it, then let it serve with polder read-models switch, or drop it`,
    { ...describe(build), lacks: build.lacks, parked: parkedIn(sources) },
  );
}

function parkedIn(sources: readonly BuildLook[]): number {
  return sources.reduce((sum, { parked }) => sum + parked, 0);
}

/** Also one that no release knows any more that still runs: the logs keep everything for it. */
async function dropFormer(keeper: Keeper, builds: readonly Build[]): Promise<void> {
  const {
    domain,
    database,
    source,
    copies,
    formerKeptMs = FORMER_KEPT_MS,
    forgetMs = FORGET_MS,
    crashPoint = noCrash,
  } = keeper.options;
  const place = { domain: domain.name, database, source };
  for (const build of builds) {
    const copied = copies.find(({ name }) => name === build.copy);
    const isOver = build.state === "former" && Date.now() - (build.formerAt?.getTime() ?? 0) > formerKeptMs;
    if (!isOver || copied === undefined) continue;
    const running = keeper.running.get(build.build);
    keeper.running.delete(build.build);
    await running?.stop();
    await crashPoint("drop:before");
    await dropBuild({ ...place, build, events: copied.events });
    await crashPoint("drop:after");
    keeper.logger.info("a former build was dropped", describe(build));
  }
  if (performance.now() < keeper.forgetAtMs) return;
  keeper.forgetAtMs = performance.now() + forgetMs;
  for (const copied of copies) await forgetOthers({ ...place, copied });
}

function sayWhoIsOver({ looks, over, logger }: Keeper): void {
  for (const { copied, build, stalenessMs, isOver } of looks) {
    if (isOver === over.has(copied.name)) continue;
    const fields = { ...describe(build), stalenessMs: Math.round(stalenessMs), stalenessMaxMs: copied.stalenessMaxMs };
    if (isOver) {
      over.add(copied.name);
      logger.warn(`a ${copied.kind} is farther behind than it may be`, fields);
    } else {
      over.delete(copied.name);
      logger.info(`a ${copied.kind} is within its bound again`, fields);
    }
  }
}

function describe({ copy, build, version }: Build): Readonly<Record<string, unknown>> {
  return { copy, build, version };
}
