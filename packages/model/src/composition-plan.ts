import type { ApiCore, OperationRef } from "./api.ts";
import type { Operation } from "./operation.ts";

/** How a part of a composition is asked. */
export interface AskingOptions {
  /** Milliseconds that it is waited for; never longer than the whole may take. Default: as long as the whole. */
  readonly deadlineMs?: number;
}

/** A source of a composition as it is declared, where its types do not matter. */
export interface DeclaredSource extends AskingOptions {
  readonly query: OperationRef;
  /** Whether the rest is answered without it when it cannot be had. */
  readonly optional?: boolean;
  /** Refusals that say that there is nothing. */
  readonly absent?: readonly string[];
  /** By the query's field: the field of the composed query's input that it comes from, or what it always is. */
  readonly input?: Readonly<Record<string, string | { readonly always: unknown }>>;
}

/** A join of a composition as it is declared, where its types do not matter. */
export interface DeclaredJoin extends DeclaredSource {
  readonly keys: (found: never) => readonly unknown[];
  readonly keysMax?: number;
}

/** What a composition was declared with, where its types do not matter. */
export interface DeclaredPlan<Source = DeclaredSource, Join = DeclaredJoin> {
  readonly sources: Readonly<Record<string, Source>>;
  readonly joins: Readonly<Record<string, Join>>;
  readonly presentation: readonly string[];
  readonly answer: (found: never) => unknown;
}

/** Whom a part asks, as the domain needs it. */
export interface AskedQuery {
  readonly contract: ApiCore;
  /** The query at the version that the domain needs. */
  readonly asked: Operation;
  /** Keys that a call takes at most, where the query answers for many. */
  readonly keysAtOnce?: number;
}

/** A source of a composition, and whom it asks. */
export interface CompositionSource extends DeclaredSource, AskedQuery {}

/** A join of a composition, and whom it asks. */
export interface CompositionJoin extends DeclaredJoin, AskedQuery {}

/** What a composition asks, and what it makes of that. */
export interface CompositionPlan extends DeclaredPlan<CompositionSource, CompositionJoin> {
  /** Whether its answer says what is missing. */
  readonly saysMissing: boolean;
}
