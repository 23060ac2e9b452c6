import type { Work } from "../pattern/automaton.ts";
import type { NodeId } from "../schema/schema-node.ts";
import type { SchemaStore } from "../schema/schema-store.ts";

/** True, false, or nothing where it cannot be said. */
export type Truth = boolean | undefined;

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
  readonly stepsMax: number;
  /** What it may still cost to walk automata of patterns. */
  readonly work: Work;
  /** Whether what values is as which nodes say: the same is not worked out twice, or there would be no end of it. */
  readonly truths: Map<NodeId, Map<unknown, Truth>>;
  /** What could not be understood on the way. */
  readonly doubts: Set<string>;
}

/** Steps of one search at most: about a second. */
export const STEPS_MAX = 100_000;
/** Edges of automata that one search looks at, at most: about a second. */
const WORK_MAX = 5_000_000;
/** States inside states at most. */
export const DEPTH_MAX = 200;

/** Makes a search that knows nothing yet, looks for values by a function, and takes so many steps at most. */
export function openSearch(
  store: SchemaStore,
  find: (search: Search, state: State) => Found,
  stepsMax: number = STEPS_MAX,
): Search {
  const search: Search = {
    store,
    inhabit: (state) => find(search, state),
    memory: new Map(),
    active: new Map(),
    provisional: [],
    lowest: Number.POSITIVE_INFINITY,
    steps: 0,
    stepsMax,
    work: { left: WORK_MAX },
    truths: new Map(),
    doubts: new Set(),
  };
  return search;
}

/** What a search has cost, in steps. */
export function costOf({ steps, work }: Search): number {
  return steps + ((WORK_MAX - work.left) / WORK_MAX) * STEPS_MAX;
}

/** Whether the search has cost what it may; remembers it as a doubt. */
export function isExhausted(search: Search): boolean {
  if (search.steps <= search.stepsMax && search.active.size <= DEPTH_MAX && search.work.left >= 0) return false;
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
