import type { NodeId } from "../schema/schema-node.ts";
import type { SchemaStore } from "../schema/schema-store.ts";

/** That a value is as a node says (the node's id), or that it is not (`~id`, which is negative). */
export type Literal = number;

/** What a value must be like: all of its literals hold. In rising order, each once. */
export type State = readonly Literal[];

/** Whether there is a value of a state. */
export type Found =
  | { readonly kind: "inhabited"; readonly value: unknown }
  | { readonly kind: "empty" }
  | { readonly kind: "unknown" };

export const empty: Found = { kind: "empty" };
export const unknown: Found = { kind: "unknown" };

/** One search for values: what is known so far, and what it may still cost. */
export interface Search {
  readonly store: SchemaStore;
  /** Looks for a value of a state. */
  readonly inhabit: (state: State) => Found;
  /** What was found for a state, and the depth of the outermost assumption that it rests on. */
  readonly memory: Map<string, { readonly found: Found; readonly lowest: number }>;
  /** The states that are being looked at, outermost first, with their depth. */
  readonly active: Map<string, number>;
  /** The states whose emptiness rests on an assumption, in the order in which they were found. */
  readonly provisional: string[];
  /** The depth of the outermost assumption since somebody last looked. */
  lowest: number;
  steps: number;
  /** What could not be understood on the way. */
  readonly doubts: Set<string>;
}

/** Steps of one search at most: about a second. */
export const STEPS_MAX = 100_000;
/** States inside states at most. */
export const DEPTH_MAX = 200;

/** Makes a search that knows nothing yet and looks for values by a function. */
export function openSearch(store: SchemaStore, find: (search: Search, state: State) => Found): Search {
  const search: Search = {
    store,
    inhabit: (state) => find(search, state),
    memory: new Map(),
    active: new Map(),
    provisional: [],
    lowest: Number.POSITIVE_INFINITY,
    steps: 0,
    doubts: new Set(),
  };
  return search;
}

/** Whether the search has cost what it may; remembers it as a doubt. */
export function isExhausted(search: Search): boolean {
  if (search.steps <= STEPS_MAX && search.active.size <= DEPTH_MAX) return false;
  search.doubts.add("the schemas have more alternatives than can be compared");
  return true;
}

/** A state of these literals. */
export function stateFrom(store: SchemaStore, literals: readonly Literal[]): State {
  const said = literals.filter((literal) => literal !== store.everything);
  if (said.length < 2) return said;
  said.sort((one, other) => one - other);
  return said.filter((literal, index) => literal !== said[index - 1]);
}

/** That a value is one of these. */
export function valuesNode(store: SchemaStore, values: readonly unknown[]): NodeId {
  return store.add({ values });
}
