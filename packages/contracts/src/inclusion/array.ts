import { empty, type Found, type Literal, type Search, type State, stateFrom, unknown, valuesNode } from "./search.ts";
import type { Choice, Item, ItemDemand, Shape } from "./shape.ts";

/** Items of an array that is made up, at most. */
const ITEMS_MAX = 1_000;
/** Pairs of places that are tried for two items that are the same. */
const PAIRS_MAX = 100;

/** False only where it is certain that no array of the shape has such an item. */
export function mayHaveItem(
  search: Search,
  shape: Shape,
  item: Extract<Item, { readonly kind: "item" | "some-item" }>,
): boolean {
  const places = item.kind === "item" ? [item.index] : placesFor(shape, item);
  return places.some((index) => {
    if (index >= shape.max) return false;
    return search.inhabit(stateFrom(search.store, [...stateAt(search, shape, index), item.literal])).kind !== "empty";
  });
}

/** An array of a shape without open choices. `again` goes on with one more choice. */
export function findArray(search: Search, shape: Shape, again: (choice: Choice) => Found): Found {
  const demand = shape.itemDemands.pop();
  if (demand !== undefined) {
    const { literal } = demand;
    return again(placesFor(shape, demand).map((index) => [{ kind: "item", index, literal }]));
  }
  const length = Math.max(shape.min, ...[...shape.items.keys()].map((index) => index + 1));
  if (length > shape.max) return empty;
  if (length > ITEMS_MAX) return unknown;
  return shape.duplicate ? findDuplicate(search, shape, length) : findItems(search, shape, length, new Map());
}

/** What an item is like, if the array is that long. */
function stateAt(search: Search, shape: Shape, index: number): State {
  const literals: Literal[] = [...(shape.items.get(index) ?? []), ...shape.everyItem];
  for (const { prefix, rest } of shape.arrays) {
    const node = prefix[index] ?? rest;
    if (node !== undefined) literals.push(node);
  }
  return stateFrom(search.store, literals);
}

/** From here on, all items are alike. */
function horizon(shape: Shape): number {
  return Math.max(0, ...shape.arrays.map(({ prefix }) => prefix.length), ...[...shape.items.keys()].map((i) => i + 1));
}

/** The places where an item may meet a demand; beyond the last of them it could not be otherwise. */
function placesFor(shape: Shape, { from }: ItemDemand): readonly number[] {
  const last = Math.max(from, horizon(shape));
  return Array.from({ length: last - from + 1 }, (_, index) => from + index);
}

function findItems(search: Search, shape: Shape, length: number, given: ReadonlyMap<number, unknown>): Found {
  const items: unknown[] = [];
  const states: string[] = [];
  for (let index = 0; index < length; index += 1) {
    if (given.has(index)) {
      items.push(given.get(index));
      continue;
    }
    const state = stateAt(search, shape, index);
    const others = shape.unique ? items.map((item) => ~valuesNode(search.store, [item])) : [];
    const found = search.inhabit(stateFrom(search.store, [...state, ...others]));
    if (found.kind === "empty" && others.length > 0) {
      // Other values of the earlier items might leave one for this; not where all items are alike.
      return states.every((other) => other === state.join()) ? empty : unknown;
    }
    if (found.kind !== "inhabited") return found;
    items.push(found.value);
    states.push(state.join());
  }
  return { kind: "inhabited", value: items };
}

function findDuplicate(search: Search, shape: Shape, length: number): Found {
  const last = horizon(shape) + 1;
  let unsure = false;
  let pairs = 0;
  for (let later = 1; later <= last && later < shape.max; later += 1) {
    for (let earlier = 0; earlier < later; earlier += 1) {
      pairs += 1;
      if (pairs > PAIRS_MAX) return unknown;
      const both = [...stateAt(search, shape, earlier), ...stateAt(search, shape, later)];
      const same = search.inhabit(stateFrom(search.store, both));
      unsure ||= same.kind === "unknown";
      if (same.kind !== "inhabited") continue;
      const given = new Map([earlier, later].map((index) => [index, same.value]));
      const found = findItems(search, shape, Math.max(length, later + 1), given);
      if (found.kind === "inhabited") return found;
      unsure ||= found.kind === "unknown";
    }
  }
  return unsure ? unknown : empty;
}
