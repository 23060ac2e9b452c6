import { type Domain, type NeededEvent, notDomainProblems } from "./domain.ts";
import { copyNameProblems } from "./name.ts";
import { type Problem, refuseProblems } from "./problems.ts";
import type { Logger } from "./runtime.ts";
import type { NeededDelivery, SubscriptionOptions } from "./subscription.ts";
import type { Reader } from "./transaction.ts";

/** What a read model's handler gets for one event. */
export interface ProjectionContext<Delivered> {
  readonly event: Delivered;
  /** Reads and writes the tables of the read model, and none besides: they may be built anew at any time. */
  readonly tx: Reader;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** What a read model's handler gets for many events of one name at once, those of one key in the order of the log. */
export interface ProjectionBatchContext<Delivered> {
  readonly events: readonly Delivered[];
  /** Reads and writes the tables of the read model, and none besides: they may be built anew at any time. */
  readonly tx: Reader;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** Handlers by the name of the event, one event at a time. */
export type EachProjection<D extends Domain> = {
  readonly [Name in NeededEvent<D>["name"]]?: (context: ProjectionContext<NeededDelivery<D, Name>>) => Promise<void>;
};

/** Handlers by the name of the event, many events at a time. */
export type BatchProjection<D extends Domain> = {
  readonly [Name in NeededEvent<D>["name"]]?: (
    context: ProjectionBatchContext<NeededDelivery<D, Name>>,
  ) => Promise<void>;
};

/** How a read model retries and how much it takes at once. It begins with everything that the logs still keep. */
export type ReadModelOptions = Omit<SubscriptionOptions, "from">;

/** What a read model is declared with: handlers for each event, or for many at once. */
export type ReadModelShape<D extends Domain> = {
  /** Raised whenever tables or handlers change: the new version is built beside the one that serves. A whole number from 1. */
  readonly version: number;
  /** SQL that makes its tables and indexes, run as the domain's owner; names without a schema. */
  readonly tables: string;
  /** How far behind it may be, in milliseconds; farther is logged, and seen in the metrics. Default: nothing is said. */
  readonly stalenessMaxMs?: number;
  /** The version before, which goes on being kept until this one serves. Without it, that stands still meanwhile. */
  readonly former?: ReadModel;
  readonly options?: ReadModelOptions;
} & (
  | { readonly each: EachProjection<D>; readonly batch?: undefined }
  | { readonly batch: BatchProjection<D>; readonly each?: undefined }
);

/** Query-optimised tables built from events of several domains; they can be built anew. */
export interface ReadModel<Name extends string = string> {
  readonly kind: "read model";
  readonly domain: string;
  readonly name: Name;
  readonly version: number;
  readonly tables: string;
  readonly stalenessMaxMs?: number;
  readonly mode: "each" | "batch";
  /** The names of the events that it is built from. */
  readonly events: readonly string[];
  readonly handlers: Readonly<Record<string, (context: never) => Promise<void>>>;
  readonly options: ReadModelOptions;
  readonly former?: ReadModel;
}

/**
 * Declares a read model: tables that are built from events, and that queries of the domain read by their names. Handlers
 * give the same rows whatever the order in which the events of different domains come.
 *
 * @throws `DECLARATION_INVALID` with every mistake and its place.
 */
export function readModel<D extends Domain, const Name extends string>(
  domain: D,
  name: Name,
  shape: ReadModelShape<D>,
): ReadModel<Name> {
  const {
    version,
    tables,
    stalenessMaxMs,
    options = {},
    each,
    batch,
    former,
  } = (shape ?? {}) as Partial<ReadModelShape<D>>;
  const handlers = (each ?? batch ?? {}) as ReadModel["handlers"];
  const problems: Problem[] = [
    ...notDomainProblems(domain),
    ...copyNameProblems(name, "name"),
    ...versionProblems(version),
    ...stalenessProblems(stalenessMaxMs),
  ];
  if (typeof tables !== "string" || !/\bcreate\b/i.test(tables))
    problems.push({ place: "tables", problem: 'makes no table; write SQL such as "create table order_history (…)"' });
  if ((each === undefined) === (batch === undefined))
    problems.push({ place: "each", problem: "and batch: take one of the two, for one event or for many at a time" });
  else if (Object.keys(handlers).length === 0)
    problems.push({ place: each === undefined ? "batch" : "each", problem: "handles no event" });
  if (
    former !== undefined &&
    (former.name !== name || former.domain !== domain?.name || !(former.version < Number(version)))
  )
    problems.push({ place: "former", problem: `is no earlier version of "${name}"` });
  refuseProblems(`the read model "${name}"`, problems);
  return {
    kind: "read model",
    domain: domain.name,
    name,
    version: version ?? 1,
    tables: tables ?? "",
    ...(stalenessMaxMs === undefined ? {} : { stalenessMaxMs }),
    mode: each === undefined ? "batch" : "each",
    events: Object.keys(handlers),
    handlers,
    options,
    ...(former === undefined ? {} : { former }),
  };
}

/** What is wrong with the version of what is built from events, if anything. */
export function versionProblems(version: unknown): readonly Problem[] {
  if (Number.isInteger(version) && Number(version) >= 1) return [];
  return [{ place: "version", problem: "must be a whole number from 1; raise it whenever tables or handlers change" }];
}

/** What is wrong with a bound of staleness, if anything. */
export function stalenessProblems(stalenessMaxMs: unknown): readonly Problem[] {
  if (stalenessMaxMs === undefined || (Number.isInteger(stalenessMaxMs) && Number(stalenessMaxMs) > 0)) return [];
  return [{ place: "stalenessMaxMs", problem: "must be a whole number of milliseconds above 0" }];
}
