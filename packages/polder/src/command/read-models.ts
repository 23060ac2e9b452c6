import { setTimeout as wait } from "node:timers/promises";
import { type EventSource, growthSignal, postgresSource } from "@polder/bus";
import type { Copied } from "@polder/model";
import { type Database, homeOf, openDatabase } from "@polder/postgres";
import {
  type Build,
  type BuildLook,
  buildRows,
  dropBuild,
  isBuildOf,
  listBuilds,
  lookAtBuild,
  makeBuild,
  readingErrors,
  switchBuild,
  withdrawCopy,
} from "@polder/reading";
import { buildReadModel, type LoadedDomain, type ProjectDatabase, selectDomains } from "@polder/runtime";
import { commandErrors } from "../errors.ts";
import { openCommandProject, provisionedDatabase } from "./command-project.ts";
import { exitCode } from "./exit-code.ts";
import { table } from "./output.ts";
import type { CommandInput, CommandResult, Work } from "./work.ts";

/** The options of `polder read-models rebuild`. */
export interface RebuildOptions {
  readonly byHand?: boolean;
  readonly wait: boolean;
}

/** The options of `polder read-models switch`. */
export interface SwitchOptions {
  readonly build?: number;
  readonly evenIfBehind?: boolean;
}

/** The options of `polder read-models drop`. */
export interface DropOptions {
  readonly build?: number;
}

/** `polder read-models list`: exit code 1 when one is farther behind than it may be, or has dead letters. */
export function listWork({ domain }: { readonly domain?: readonly string[] }): Work {
  return async (input) => {
    await using project = await openCommandProject(input);
    const domains = selectDomains(project.domains, domain);
    const database = await provisionedDatabase(project);
    const listed: ListedBuild[] = [];
    for (const one of domains) {
      await using place = openPlace(one, database);
      for (const build of await listBuilds(place.database, one.name)) listed.push(await listedBuild(place, build));
    }
    const rows = listed.flatMap((one) =>
      one.sources.map((source) => [
        `${one.domain}/${one.name}`,
        `${one.build} (version ${one.version})`,
        one.state,
        String(one.rows),
        source.publisher,
        String(source.lag),
        seconds(source.stalenessMs),
        remarkOf(one, source),
      ]),
    );
    const isBad = listed.some(({ state, isOver, sources }) =>
      state === "serving" ? isOver || sources.some(({ dead }) => dead > 0) : false,
    );
    const head = ["read model", "build", "state", "rows", "of", "lag", "age", ""];
    return {
      data: listed,
      text: rows.length === 0 ? "No read models and no replicas." : table(head, rows),
      code: isBad ? exitCode.findings : exitCode.clean,
    };
  };
}

function remarkOf({ lacks }: ListedBuild, { parked, publisher }: BuildLook): string {
  const first = lacks?.[publisher];
  return [
    ...(parked === 0 ? [] : [`${parked} parked`]),
    ...(first === undefined ? [] : [`lacks what came before ${first}`]),
  ].join(", ");
}

/** `polder read-models rebuild`. */
export function rebuildWork(text: string, { byHand = false, wait: isAwaited }: RebuildOptions): Work {
  return async (input) =>
    await withCopy(input, text, async (place, copied) => {
      const { admin, name: domain } = place;
      const underWay = (await buildsOf(place, copied)).find(
        (build) => build.state === "building" && isBuildOf(copied, build),
      );
      const build = underWay?.build ?? (await makeBuild(copied, { admin, home: homeOf(domain), byHand }));
      const what = `${text} is built anew as build ${build}`;
      if (!isAwaited) return { data: { name: text, build, state: "building" }, text: `${what}.` };
      input.streams.err(`${what}${underWay === undefined ? "" : ", which was begun before"}.\n`);
      await using _worker =
        copied.kind === "read model" ? await buildReadModel({ ...place, readModel: copied }) : undefined;
      const found = await follow(place, { copied, build, byHand, input });
      const end =
        found.state === "serving"
          ? `Build ${build} of ${text} serves.`
          : `Build ${build} of ${text} has caught up; let it serve with polder read-models switch ${text}.`;
      return { data: { ...found, name: text }, text: end };
    });
}

/** `polder read-models switch`. */
export function switchWork(text: string, { build: wanted, evenIfBehind = false }: SwitchOptions): Work {
  return async (input) =>
    await withCopy(input, text, async (place, copied) => {
      const { name: domain } = place;
      const builds = await buildsOf(place, copied);
      const build = wanted === undefined ? newestBeside(builds) : builds.find((one) => one.build === wanted);
      if (build === undefined) throw buildUnknown(text, builds, wanted);
      if (!(await switchWhenLevel(place, { build, evenIfBehind, signal: input.signal })))
        throw readingErrors.BUILD_BEHIND(
          `Build ${build.build} of ${text} has not come as far as the one that serves: whoever reads would see less than before. Wait until it has, or say --even-if-behind.`,
          { domain, name: copied.name, build: build.build },
        );
      return { data: { name: text, build: build.build }, text: `Build ${build.build} of ${text} serves.` };
    });
}

/** For how long a build that is kept is tried which is behind, and the pause between two tries, in milliseconds. */
const LEVEL_MS_MAX = 5_000;
const LEVEL_PAUSE_MS = 25;

interface SwitchTry {
  readonly build: Build;
  readonly evenIfBehind: boolean;
  readonly signal: AbortSignal;
}

/** Where events come all the while, two builds that are kept are level only now and then. */
async function switchWhenLevel(place: Place, { build, evenIfBehind, signal }: SwitchTry): Promise<boolean> {
  const { name: domain, database } = place;
  const endsAtMs = performance.now() + ((await isRunning(place)) ? LEVEL_MS_MAX : 0);
  for (;;) {
    if (await switchBuild({ domain, database, build }, { evenIfBehind })) return true;
    if (performance.now() >= endsAtMs) return false;
    await wait(LEVEL_PAUSE_MS, undefined, { signal });
  }
}

/** `polder read-models drop`: of one that is not declared any more, also the build that serves. */
export function dropWork(text: string, { build: wanted }: DropOptions): Work {
  return async (input) =>
    await withPlace(input, text, async (place, name) => {
      const { name: domain, database, source, implementation } = place;
      const copied = copiesOf(place).find((one) => one.name === name);
      const builds = (await listBuilds(database, domain)).filter((build) => build.copy === name);
      const serving = builds.find(({ state }) => state === "serving");
      const isOver = copied === undefined && wanted === undefined;
      if (isOver && serving !== undefined) await withdrawCopy(database, { domain, build: serving });
      const chosen = builds.filter(({ build, state }) =>
        wanted === undefined ? isOver || state !== "serving" : build === wanted,
      );
      if (chosen.length === 0) throw buildUnknown(text, builds, wanted);
      const events =
        copied?.events ??
        implementation.domain.needs.flatMap(({ contract }) => (contract.kind === "event" ? [contract.name] : []));
      for (const build of chosen) await dropBuild({ domain, database, source, build, events });
      const numbers = chosen.map(({ build }) => build);
      return { data: { name: text, builds: numbers }, text: `Dropped of ${text}: build ${numbers.join(", build ")}.` };
    });
}

/** A domain's database and the logs that it reads, as its own role: PostgreSQL lets nobody else speak of its positions. */
interface Place extends AsyncDisposable {
  readonly name: string;
  readonly implementation: LoadedDomain["implementation"];
  readonly admin: Database;
  readonly database: Database;
  readonly address: ProjectDatabase["address"];
  readonly source: (publisher: string) => EventSource;
}

function openPlace({ name, implementation }: LoadedDomain, { address, adminOf }: ProjectDatabase): Place {
  const opened = new AsyncDisposableStack();
  const how = { applicationName: "polder read-models", connectionsMax: 2 };
  const database = opened.use(openDatabase({ ...address(name), schema: homeOf(name).schema, ...how }));
  const growth = growthSignal();
  const sources = new Map<string, EventSource>();
  return {
    name,
    implementation,
    admin: adminOf(name),
    database,
    address,
    source: (publisher) => {
      const found =
        sources.get(publisher) ??
        postgresSource({
          publisher,
          database: opened.use(openDatabase({ ...address(publisher, name), ...how })),
          growth,
        });
      sources.set(publisher, found);
      return found;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function withPlace(
  input: CommandInput,
  text: string,
  run: (place: Place, name: string) => Promise<CommandResult>,
): Promise<CommandResult> {
  const [domain = "", name = "", ...rest] = text.split("/");
  if (domain === "" || name === "" || rest.length > 0)
    throw commandErrors.USAGE(
      `"${text}" does not name a read model: it is domain/name, such as storefront/order-history.`,
      { argument: text },
    );
  await using project = await openCommandProject(input);
  const [loaded] = selectDomains(project.domains, [domain]);
  await using place = openPlace(loaded as LoadedDomain, await provisionedDatabase(project));
  return await run(place, name);
}

async function withCopy(
  input: CommandInput,
  text: string,
  run: (place: Place, copied: Copied) => Promise<CommandResult>,
): Promise<CommandResult> {
  return await withPlace(input, text, async (place, name) => {
    const copies = copiesOf(place);
    const copied = copies.find((one) => one.name === name);
    if (copied !== undefined) return await run(place, copied);
    const known = copies.map((one) => `${place.name}/${one.name}`);
    throw readingErrors.READ_MODEL_UNKNOWN(
      `"${place.name}" has no read model and no replica "${name}"; it has ${known.join(", ") || "none"}.`,
      { name: text, known },
    );
  });
}

function copiesOf({ implementation: { readModels, replicas } }: Place): readonly Copied[] {
  return [...readModels, ...replicas];
}

async function buildsOf({ database, name }: Place, copied: Copied): Promise<readonly Build[]> {
  return (await listBuilds(database, name)).filter((build) => build.copy === copied.name);
}

/** What is being built, or else what served before. */
function newestBeside(builds: readonly Build[]): Build | undefined {
  return (
    builds.filter(({ state }) => state === "building").at(-1) ?? builds.filter(({ state }) => state === "former").at(-1)
  );
}

interface ListedBuild extends Pick<Build, "kind" | "version" | "build" | "state" | "lacks"> {
  readonly domain: string;
  readonly name: string;
  readonly rows: number;
  readonly sources: readonly BuildLook[];
  readonly stalenessMs: number;
  readonly stalenessMaxMs?: number;
  readonly isOver: boolean;
}

async function listedBuild(place: Place, build: Build): Promise<ListedBuild> {
  const { name: domain, database, source } = place;
  const copied = copiesOf(place).find(({ name }) => name === build.copy);
  // Of one that is not declared any more nobody knows what it is built from.
  const sources =
    copied === undefined
      ? []
      : await lookAtBuild({ domain, copied, build, database, source, begunOnly: !isBuildOf(copied, build) });
  const stalenessMs = Math.max(0, ...sources.map((one) => one.stalenessMs));
  const { stalenessMaxMs } = copied ?? {};
  const { kind, version, state, lacks } = build;
  return {
    domain,
    name: build.copy,
    kind,
    version,
    build: build.build,
    state,
    // PostgreSQL counts a moment later.
    rows: (await buildRows(database, domain, build.build)) || Number(build.filled),
    sources,
    stalenessMs,
    ...(stalenessMaxMs === undefined ? {} : { stalenessMaxMs }),
    isOver: stalenessMaxMs !== undefined && stalenessMs > stalenessMaxMs,
    lacks,
  };
}

interface Following {
  readonly copied: Copied;
  readonly build: number;
  readonly byHand: boolean;
  readonly input: CommandInput;
}

/** Between two looks at how far a build is, in milliseconds. */
const FOLLOW_MS = 1_000;

/** Tells how far a build is until it serves, or has caught up where it is switched by hand. */
async function follow(place: Place, { copied, build, byHand, input }: Following): Promise<ListedBuild> {
  let before: { readonly left: number; readonly atMs: number } | undefined;
  for (;;) {
    const found = (await buildsOf(place, copied)).find((one) => one.build === build);
    if (found === undefined) throw buildUnknown(`${place.name}/${copied.name}`, [], build);
    const listed = await listedBuild(place, found);
    const left = listed.sources.reduce((sum, { lag }) => sum + lag, 0);
    const hasCaughtUp =
      found.filledAt !== null && listed.sources.every(({ reached, lag }) => reached !== undefined && lag === 0);
    if (listed.state === "serving" || (byHand && hasCaughtUp)) return listed;
    if (hasCaughtUp && isHeldBack(listed)) throw heldBack(place, listed);
    const atMs = performance.now();
    const perSecond = before === undefined ? undefined : ((before.left - left) * 1_000) / (atMs - before.atMs);
    const stands = found.filledAt === null && !(await isRunning(place)) ? standsStill(place) : "";
    input.streams.err(`${progressOf(listed, found, { left, perSecond })}${stands}\n`);
    before = { left, atMs };
    await wait(FOLLOW_MS, undefined, { signal: input.signal });
  }
}

function progressOf(
  { rows, sources }: ListedBuild,
  { kind, filledAt, filled }: Build,
  { left, perSecond }: { readonly left: number; readonly perSecond: number | undefined },
): string {
  if (kind === "replica" && filledAt === null) return `  filled with ${filled} rows`;
  const all = sources.reduce((sum, { head }) => sum + Number(head), 0);
  const rate = perSecond === undefined || perSecond <= 0 ? undefined : Math.round(perSecond);
  const time = rate === undefined ? "" : `, ${rate} events/s, ${Math.ceil(left / rate)} s left`;
  return `  ${all - left} of ${all} events${time}, ${rows} rows`;
}

/** A process that is there says so at least as often as this, in milliseconds: see `startPresence`. */
const SIGN_OF_LIFE_MS = 15_000;

async function isRunning({ database }: Place): Promise<boolean> {
  const { rows } = await database.query<{ running: boolean }>(
    "select exists (select from _instance where seen_at > now() - $1 * interval '1 millisecond') as running",
    [SIGN_OF_LIFE_MS],
  );
  return rows[0]?.running === true;
}

/** Only the processes of a domain call its owner. */
function standsStill({ name }: Place): string {
  return `; no process of "${name}" runs, which would go on with it`;
}

/** It does not switch by itself: it lacks events that the logs no longer have, or events wait that it could not handle. */
function isHeldBack({ lacks, sources }: ListedBuild): boolean {
  return Object.keys(lacks ?? {}).length > 0 || sources.some(({ parked }) => parked > 0);
}

function heldBack({ name: domain }: Place, { name, build, lacks, sources }: ListedBuild): Error {
  const parked = sources.reduce((sum, one) => sum + one.parked, 0);
  const missing = Object.entries(lacks ?? {}).map(
    ([publisher, seq]) => `the log of "${publisher}" begins with position ${seq}`,
  );
  const reasons = [
    ...missing,
    ...(parked > 0 ? [`${parked} ${parked === 1 ? "event" : "events"} could not be handled`] : []),
  ];
  return readingErrors.BUILD_INCOMPLETE(
    `Build ${build} of ${domain}/${name} has caught up and does not take its place by itself, since it may lack what the one that serves has: ${reasons.join("; ")}. Look at it, then let it serve with "polder read-models switch ${domain}/${name}", or drop it.`,
    { domain, name, build },
  );
}

function buildUnknown(text: string, builds: readonly Build[], wanted: number | undefined): Error {
  const [domain = "", name = ""] = text.split("/");
  const known = builds.map(({ build, state }) => `${build} (${state})`);
  const which = wanted === undefined ? "no build besides the one that serves" : `no build ${wanted}`;
  return readingErrors.BUILD_UNKNOWN(`${text} has ${which}; it has ${known.join(", ") || "none"}.`, {
    domain,
    name,
    known,
  });
}

function seconds(ms: number): string {
  return ms === 0 ? "" : `${(ms / 1_000).toFixed(1)} s`;
}
