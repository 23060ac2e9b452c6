import type { Pattern } from "../pattern/pattern.ts";
import type { ArrayRules, JsonType, ObjectRules } from "../schema/schema-node.ts";
import type { Literal, State } from "./search.ts";

/** Something that has to hold of a value. */
export type Item =
  | { readonly kind: "literal"; readonly literal: Literal }
  | LeafRule
  /** How many items or properties there are. */
  | { readonly kind: "count"; readonly min?: number; readonly max?: number }
  | { readonly kind: "require"; readonly name: string }
  | { readonly kind: "forbid"; readonly name: string }
  /** The property is there, and so. */
  | { readonly kind: "property"; readonly name: string; readonly literal: Literal }
  | NameDemand
  /** The item is there, and so. */
  | { readonly kind: "item"; readonly index: number; readonly literal: Literal }
  | ItemDemand
  /** All items are so. */
  | { readonly kind: "every"; readonly literal: Literal }
  /** Two items are the same. */
  | { readonly kind: "duplicate" }
  /** Nobody knows whether it holds. */
  | { readonly kind: "doubt"; readonly doubt: string };

/** A rule about a number or a string, or its opposite. */
export interface LeafRule {
  readonly kind: "leaf";
  readonly rule: string;
  readonly operand: unknown;
  readonly holds: boolean;
}

/** Some property that is not named, or matches a pattern, or whose name breaks a rule, is so. */
export interface NameDemand {
  readonly kind: "some-property";
  readonly rules: ObjectRules;
  readonly on: "rest" | "names" | Pattern;
  readonly literal: Literal;
}

/** Some item from an index on is so. */
export interface ItemDemand {
  readonly kind: "some-item";
  readonly from: number;
  readonly literal: Literal;
}

/** One of these lists holds, all of it. */
export type Choice = readonly (readonly Item[])[];

/** What is known of the values of one type that are looked for. */
export interface Shape {
  readonly type: JsonType;
  /** The literals that were taken apart already. */
  readonly done: Set<Literal>;
  readonly leaves: LeafRule[];
  /** The only values, where they can be listed. */
  finite: readonly unknown[] | undefined;
  min: number;
  max: number;
  readonly arrays: ArrayRules[];
  readonly items: Map<number, State>;
  readonly everyItem: Literal[];
  readonly itemDemands: ItemDemand[];
  unique: boolean;
  duplicate: boolean;
  readonly objects: ObjectRules[];
  readonly required: Set<string>;
  readonly properties: Map<string, State>;
  readonly nameDemands: NameDemand[];
}

/** All values of a type. */
export function shapeOf(type: JsonType): Shape {
  return {
    type,
    done: new Set(),
    leaves: [],
    finite: undefined,
    min: 0,
    max: Number.POSITIVE_INFINITY,
    arrays: [],
    items: new Map(),
    everyItem: [],
    itemDemands: [],
    unique: false,
    duplicate: false,
    objects: [],
    required: new Set(),
    properties: new Map(),
    nameDemands: [],
  };
}

/** A copy that can be narrowed while the other stays. */
export function copyOf(shape: Shape): Shape {
  return {
    ...shape,
    done: new Set(shape.done),
    leaves: [...shape.leaves],
    arrays: [...shape.arrays],
    items: new Map(shape.items),
    everyItem: [...shape.everyItem],
    itemDemands: [...shape.itemDemands],
    objects: [...shape.objects],
    required: new Set(shape.required),
    properties: new Map(shape.properties),
    nameDemands: [...shape.nameDemands],
  };
}
