import { matches, type Pattern } from "../pattern/pattern.ts";
import type { NodeId } from "../schema/schema-node.ts";
import { holds } from "./holds.ts";
import { empty, type Found, type Literal, type Search, type State, stateFrom, unknown, valuesNode } from "./search.ts";
import type { Choice, Item, NameDemand, Shape } from "./shape.ts";

/** Properties of an object that is made up, at most. */
const PROPERTIES_MAX = 1_000;
/** Patterns that are told apart, at most: each doubles the kinds of names. */
const PATTERNS_MAX = 3;

/** What the value of a property is like, if the property is there. */
export function namedStateOf(search: Search, shape: Shape, name: string): State {
  const literals: Literal[] = [...(shape.properties.get(name) ?? [])];
  for (const rules of shape.objects) {
    const own = rules.properties.get(name);
    let isNamed = own !== undefined;
    if (own !== undefined) literals.push(own);
    for (const [pattern, node] of rules.patterns) {
      const match = matches(pattern, name, search.work);
      if (match === true) literals.push(node);
      isNamed ||= match !== false;
    }
    if (!isNamed && rules.rest !== undefined) literals.push(rules.rest);
    if (rules.names !== undefined && holds(search, rules.names, name) === false) literals.push(search.store.nothing);
  }
  return stateFrom(search.store, literals);
}

/** False only where it is certain that no object of the shape has such a property. */
export function mayHaveProperty(
  search: Search,
  shape: Shape,
  item: Extract<Item, { readonly kind: "require" | "property" | "some-property" }>,
): boolean {
  if (item.kind === "some-property") {
    const { alternatives, isComplete } = waysToMeet(search, shape, item);
    return !isComplete || alternatives.some((alternative) => mayHaveProperty(search, shape, alternative));
  }
  if (!shape.required.has(item.name) && shape.required.size >= shape.max) return false;
  const state = namedStateOf(search, shape, item.name);
  const narrower = item.kind === "require" ? state : stateFrom(search.store, [...state, item.literal]);
  return search.inhabit(narrower).kind !== "empty";
}

/** An object of a shape without open choices. `again` goes on with one more choice. */
export function findObject(search: Search, shape: Shape, again: (choice: Choice) => Found): Found {
  const demand = shape.nameDemands.pop();
  if (demand !== undefined) {
    const { alternatives, isComplete } = waysToMeet(search, shape, demand);
    const found = again(alternatives.map((alternative) => [alternative]));
    return found.kind === "empty" && !isComplete ? unknown : found;
  }
  if (shape.required.size > shape.max) return empty;
  const entries = new Map<string, unknown>();
  for (const name of shape.required) {
    const found = search.inhabit(namedStateOf(search, shape, name));
    if (found.kind !== "inhabited") return found;
    entries.set(name, found.value);
  }
  return fillUp(search, shape, entries);
}

/** Adds properties until there are as many as there must be. */
function fillUp(search: Search, shape: Shape, entries: Map<string, unknown>): Found {
  if (shape.min > PROPERTIES_MAX) return unknown;
  let unsure = false;
  for (const name of entries.size < shape.min ? knownNames(shape) : []) {
    if (entries.size >= shape.min || entries.has(name)) continue;
    const found = search.inhabit(namedStateOf(search, shape, name));
    if (found.kind === "inhabited") entries.set(name, found.value);
    unsure ||= found.kind === "unknown";
  }
  while (entries.size < shape.min) {
    const { names, isComplete } = freshNames(search, shape, [...entries.keys()]);
    const added = names.some((name) => {
      const found = search.inhabit(namedStateOf(search, shape, name));
      if (found.kind === "inhabited") entries.set(name, found.value);
      unsure ||= found.kind === "unknown";
      return found.kind === "inhabited";
    });
    if (!added) return unsure || !isComplete ? unknown : empty;
  }
  return { kind: "inhabited", value: Object.fromEntries(entries) };
}

type Way = Extract<Item, { readonly kind: "require" | "property" }>;

/** The properties that a demand may mean: those that anybody names, and one of each other kind of name. */
function waysToMeet(
  search: Search,
  shape: Shape,
  demand: NameDemand,
): { readonly alternatives: readonly Way[]; readonly isComplete: boolean } {
  const meant = knownNames(shape).filter((name) => isMeant(search, demand, name));
  const { names, isComplete } = freshNames(search, shape, [], demand);
  const way = (name: string): Way =>
    demand.on === "names" ? { kind: "require", name } : { kind: "property", name, literal: demand.literal };
  return { alternatives: [...meant, ...names].map(way), isComplete };
}

function knownNames(shape: Shape): readonly string[] {
  const names = new Set([...shape.required, ...shape.properties.keys()]);
  for (const { properties } of shape.objects) for (const name of properties.keys()) names.add(name);
  return [...names];
}

/** False only where it is certain that the demand is not about the name. */
function isMeant(search: Search, { rules, on }: NameDemand, name: string): boolean {
  if (on === "names") return rules.names === undefined || holds(search, rules.names, name) !== true;
  if (on !== "rest") return matches(on, name, search.work) !== false;
  return (
    !rules.properties.has(name) && rules.patterns.every(([pattern]) => matches(pattern, name, search.work) !== true)
  );
}

/** Names that nobody names, one for each set of patterns that they may match. */
function freshNames(
  search: Search,
  shape: Shape,
  used: readonly string[],
  demand?: NameDemand,
): { readonly names: readonly string[]; readonly isComplete: boolean } {
  const { store } = search;
  const demanded = demand === undefined || typeof demand.on === "string" ? [] : [demand.on];
  const patterns = [
    ...new Set([...shape.objects, ...(demand === undefined ? [] : [demand.rules])].flatMap(patternsOf)),
  ];
  const known = new Set([...knownNames(shape), ...used, ...(demand?.rules.properties.keys() ?? [])]);
  const literals = [
    store.add({ types: ["string"] }),
    ~valuesNode(store, [...known]),
    ...shape.objects.flatMap(({ names }) => (names === undefined ? [] : [names])),
    ...(demand?.on === "names" && demand.rules.names !== undefined ? [~demand.rules.names] : []),
    ...demanded.map((pattern) => patternNode(search, pattern)),
    ...(demand?.on === "rest" ? demand.rules.patterns.map(([pattern]) => ~patternNode(search, pattern)) : []),
  ];
  const told = patterns.length > PATTERNS_MAX ? [] : patterns;
  let isComplete = told.length === patterns.length;
  const names: string[] = [];
  for (let kind = 0; kind < 2 ** told.length; kind += 1) {
    const matched = told.map((pattern, index) => {
      const node = patternNode(search, pattern);
      return (kind >> index) & 1 ? node : ~node;
    });
    const found = search.inhabit(stateFrom(store, [...literals, ...matched]));
    if (found.kind === "inhabited") names.push(found.value as string);
    isComplete &&= found.kind !== "unknown";
  }
  return { names, isComplete };
}

function patternsOf({ patterns }: NameDemand["rules"]): readonly Pattern[] {
  return patterns.map(([pattern]) => pattern);
}

function patternNode({ store }: Search, pattern: Pattern): NodeId {
  return store.add({ types: ["string"], string: { pattern } });
}
