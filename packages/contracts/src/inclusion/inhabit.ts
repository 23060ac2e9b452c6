import { type JsonType, jsonTypes, typeOf } from "../schema/schema-node.ts";
import { findArray, mayHaveItem } from "./array.ts";
import { holds } from "./holds.ts";
import { findNumber } from "./number.ts";
import { findObject, mayHaveProperty, namedStateOf } from "./object.ts";
import { empty, type Found, isExhausted, type Search, type State, stateFrom, type Truth, unknown } from "./search.ts";
import { type Choice, copyOf, type Item, type Shape, shapeOf } from "./shape.ts";
import { findString } from "./string.ts";
import { affirmed, denied } from "./take-apart.ts";

/**
 * Looks for a value of a state, types with small values first.
 *
 * A state that is asked for again inside itself is taken for empty there: if it has a value at all, it has one that
 * does not contain another of it, and that is found outside. So recursive schemas end, since there are only so many
 * sets of their nodes. What was found empty under such an assumption is kept no longer than the assumption.
 */
export function inhabit(search: Search, state: State): Found {
  if (state.some((literal) => literal < 0 && (~literal === search.store.everything || state.includes(~literal))))
    return empty;
  const key = state.join();
  const known = search.memory.get(key);
  if (known !== undefined) {
    search.lowest = Math.min(search.lowest, known.lowest);
    return known.found;
  }
  const assumed = search.active.get(key);
  if (assumed !== undefined) {
    search.lowest = Math.min(search.lowest, assumed);
    return empty;
  }
  search.steps += 1;
  if (isExhausted(search)) return unknown;
  return remembered(search, key, () => verified(search, state, ofAnyType(search, state)));
}

function remembered(search: Search, key: string, find: () => Found): Found {
  const outer = search.lowest;
  const depth = search.active.size;
  const trail = search.provisional.length;
  search.lowest = Number.POSITIVE_INFINITY;
  search.active.set(key, depth);
  const found = find();
  search.active.delete(key);
  const rests = found.kind === "empty" && search.lowest < depth ? search.lowest : Number.POSITIVE_INFINITY;
  for (const inner of rests < depth ? [] : search.provisional.splice(trail)) {
    // The assumption was right if the state is empty: then so are those that rest on it.
    if (found.kind === "empty") search.memory.set(inner, { found: empty, lowest: Number.POSITIVE_INFINITY });
    else search.memory.delete(inner);
  }
  if (rests < depth) search.provisional.push(key);
  search.memory.set(key, { found, lowest: rests });
  search.lowest = Math.min(outer, rests);
  return found;
}

function ofAnyType(search: Search, state: State): Found {
  let unsure = false;
  for (const type of jsonTypes) {
    const items = state.map((literal): Item => ({ kind: "literal", literal }));
    const found = narrow(search, { shape: shapeOf(type), goal: state }, items, []);
    if (found.kind === "inhabited") return found;
    unsure ||= found.kind === "unknown";
  }
  return unsure ? unknown : empty;
}

/** What was put together from parts is a value of the state only if the state says so. */
function verified(search: Search, state: State, found: Found): Found {
  if (found.kind !== "inhabited") return found;
  const isRight = state.every((literal) => literalHolds(search, literal, found.value) === true);
  if (isRight) return found;
  if (search.doubts.size === 0) search.doubts.add("what several rules together leave over is not understood");
  return unknown;
}

/** What is looked for: values of a shape that are of the state, too. */
interface Quest {
  readonly shape: Shape;
  readonly goal: State;
}

/** Lets items narrow a shape, decides the choices that leave one alternative, and tries those of the others. */
function narrow(search: Search, quest: Quest, items: readonly Item[], choices: readonly Choice[]): Found {
  const { shape } = quest;
  const agenda = [...items];
  let open: Choice[] = [...choices];
  for (;;) {
    for (let item = agenda.pop(); item !== undefined; item = agenda.pop()) {
      const more = apply(search, shape, item);
      if (more === undefined) return empty;
      agenda.push(...more.items);
      open.push(...more.choices);
    }
    if (shape.finite !== undefined) return amongValues(search, quest, shape.finite);
    const left = open.map((choice) => choice.filter((alternative) => isPossible(search, shape, alternative)));
    if (isExhausted(search)) return unknown;
    if (left.some((choice) => choice.length === 0)) return empty;
    for (const [only] of left.filter((choice) => choice.length === 1)) agenda.push(...(only ?? []));
    open = left.filter((choice) => choice.length > 1);
    if (agenda.length === 0) break;
  }
  if (open.length > 1)
    open = open.filter((choice) => !choice.some((alternative) => isImplied(search, shape, alternative)));
  return open.length === 0 ? find(search, quest) : tryEach(search, quest, open);
}

function tryEach(search: Search, { shape, goal }: Quest, choices: readonly Choice[]): Found {
  const [first, ...others] = choices.toSorted((one, other) => one.length - other.length);
  let unsure = false;
  for (const alternative of first ?? []) {
    search.steps += 1;
    if (isExhausted(search)) return unknown;
    const found = narrow(search, { shape: copyOf(shape), goal }, alternative, others);
    if (found.kind === "inhabited") return found;
    unsure ||= found.kind === "unknown";
  }
  return unsure ? unknown : empty;
}

function find(search: Search, quest: Quest): Found {
  const { shape } = quest;
  const again = (choice: Choice): Found => tryEach(search, quest, [choice]);
  switch (shape.type) {
    case "null":
      return amongValues(search, quest, [null]);
    case "boolean":
      return amongValues(search, quest, [false, true]);
    case "number":
      return findNumber(search, shape.leaves);
    case "string":
      return findString(search, shape.leaves);
    case "array":
      return findArray(search, shape, again);
    case "object":
      return findObject(search, shape, again);
  }
}

function amongValues(search: Search, { shape, goal }: Quest, values: readonly unknown[]): Found {
  let unsure = false;
  for (const value of values) {
    if (typeOf(value) !== shape.type) continue;
    if (isExhausted(search)) return unknown;
    const truths = goal.map((literal) => literalHolds(search, literal, value));
    if (truths.includes(false)) continue;
    if (!truths.includes(undefined)) return { kind: "inhabited", value };
    unsure = true;
  }
  if (unsure) search.doubts.add("whether a listed value has a format or matches a pattern is not known");
  return unsure ? unknown : empty;
}

function literalHolds(search: Search, literal: number, value: unknown): Truth {
  const truth = holds(search, literal < 0 ? ~literal : literal, value);
  return truth === undefined ? undefined : truth === literal >= 0;
}

type Applied = { readonly items: readonly Item[]; readonly choices: readonly Choice[] };
const nothingMore: Applied = { items: [], choices: [] };

/** Narrows a shape by an item. Nothing where no value is left. */
function apply(search: Search, shape: Shape, item: Item): Applied | undefined {
  switch (item.kind) {
    case "literal":
      return applyLiteral(search, shape, item.literal);
    case "leaf":
      shape.leaves.push(item);
      return nothingMore;
    case "count":
      shape.min = Math.max(shape.min, item.min ?? 0);
      shape.max = Math.min(shape.max, item.max ?? Number.POSITIVE_INFINITY);
      return shape.min > shape.max ? undefined : nothingMore;
    case "require":
    case "property":
    case "forbid":
      return applyProperty(search, shape, item);
    case "item":
      shape.items.set(item.index, stateFrom(search.store, [...(shape.items.get(item.index) ?? []), item.literal]));
      return nothingMore;
    case "every":
      shape.everyItem.push(item.literal);
      return nothingMore;
    case "some-item":
      shape.itemDemands.push(item);
      return nothingMore;
    case "some-property":
      shape.nameDemands.push(item);
      return nothingMore;
    case "duplicate":
      shape.duplicate = true;
      return shape.unique ? undefined : nothingMore;
    case "doubt":
      search.doubts.add(item.doubt);
      return nothingMore;
  }
}

function applyLiteral(search: Search, shape: Shape, literal: number): Applied | undefined {
  if (shape.done.has(literal)) return nothingMore;
  if (shape.done.has(~literal)) return undefined;
  shape.done.add(literal);
  if (literal >= 0) return affirmed(search, shape, literal);
  const choice = denied(search.store.node(~literal), shape.type);
  return choice === undefined ? nothingMore : { items: [], choices: [choice] };
}

function applyProperty(
  search: Search,
  shape: Shape,
  item: Extract<Item, { readonly kind: "require" | "property" | "forbid" }>,
): Applied | undefined {
  if (item.kind !== "forbid") shape.required.add(item.name);
  else if (shape.required.has(item.name)) return undefined;
  if (item.kind === "require") return nothingMore;
  const literal = item.kind === "property" ? item.literal : search.store.nothing;
  shape.properties.set(item.name, stateFrom(search.store, [...(shape.properties.get(item.name) ?? []), literal]));
  return nothingMore;
}

/** False only where it is certain that nothing of the shape is so. */
function isPossible(search: Search, shape: Shape, alternative: readonly Item[]): boolean {
  search.steps += 1;
  return alternative.every((item) => {
    switch (item.kind) {
      case "literal":
        return !shape.done.has(~item.literal) && isPossibleType(search, shape.type, item.literal);
      case "forbid":
        return !shape.required.has(item.name);
      case "require":
      case "property":
      case "some-property":
        return mayHaveProperty(search, shape, item);
      case "item":
      case "some-item":
        return mayHaveItem(search, shape, item);
      case "count":
        return (item.min ?? 0) <= shape.max && (item.max ?? Number.POSITIVE_INFINITY) >= leastCount(shape);
      case "duplicate":
        return !shape.unique && shape.max > 1;
      default:
        return true;
    }
  });
}

function isPossibleType(search: Search, type: JsonType, literal: number): boolean {
  if (literal < 0) return true;
  const { types } = search.store.node(literal);
  return types === undefined || types.includes(type);
}

function leastCount(shape: Shape): number {
  return Math.max(shape.min, shape.required.size);
}

/** True only where it is certain that everything of the shape is so. */
function isImplied(search: Search, shape: Shape, alternative: readonly Item[]): boolean {
  return alternative.every((item) => {
    if (item.kind === "literal") return shape.done.has(item.literal);
    if (item.kind === "require") return shape.required.has(item.name);
    if (item.kind !== "property" && item.kind !== "forbid") return false;
    const state = namedStateOf(search, shape, item.name);
    if (item.kind === "forbid") return inhabit(search, state).kind === "empty";
    if (!shape.required.has(item.name)) return false;
    return inhabit(search, stateFrom(search.store, [...state, ~item.literal])).kind === "empty";
  });
}
