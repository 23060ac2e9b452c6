import type { ArrayRules, JsonType, NodeId, ObjectRules, SchemaNode } from "../schema/schema-node.ts";
import type { Literal, Search } from "./search.ts";
import type { Choice, Item, LeafRule, Shape } from "./shape.ts";

/** What follows from a literal: items that all hold, and choices of which one alternative holds each. */
export interface Parts {
  readonly items: readonly Item[];
  readonly choices: readonly Choice[];
}

/** What a node says of the values of a shape's type, narrowing the shape by its rules. Nothing where it refuses the type. */
export function affirmed(search: Search, shape: Shape, id: NodeId): Parts | undefined {
  const node = search.store.node(id);
  if (node.types !== undefined && !node.types.includes(shape.type)) return undefined;
  if (node.opaque !== undefined) search.doubts.add(`what ${node.opaque.what} says is not understood`);
  if (node.values !== undefined) shape.finite = node.values;
  const items: Item[] = [...leafRules(node, shape.type), ...(node.allOf ?? []).map(literal)];
  const choices: Choice[] = [];
  if (node.not !== undefined) items.push(literal(~node.not));
  if (node.anyOf !== undefined) choices.push(node.anyOf.map((child) => [literal(child)]));
  const { oneOf, when } = node;
  if (oneOf !== undefined) choices.push(...exactlyOne(oneOf));
  if (when !== undefined) {
    choices.push([[literal(~when.holds)], [literal(when.then)]]);
    choices.push([[literal(when.holds)], [literal(when.else)]]);
  }
  if (shape.type === "array" && node.array !== undefined) affirmArray(shape, items, node.array);
  if (shape.type === "object" && node.object !== undefined) affirmObject(shape, items, choices, node.object);
  return { items, choices };
}

/** The ways in which a value of a type can be other than a node says. Nothing where every value of the type is. */
export function denied(node: SchemaNode, type: JsonType): Choice | undefined {
  if (node.types !== undefined && !node.types.includes(type)) return undefined;
  const alternatives: (readonly Item[])[] = [];
  if (node.values !== undefined)
    alternatives.push([{ kind: "leaf", rule: "values", operand: node.values, holds: false }]);
  for (const rule of leafRules(node, type)) alternatives.push([{ ...rule, holds: false }]);
  if (type === "array" && node.array !== undefined) alternatives.push(...deniedArray(node.array));
  if (type === "object" && node.object !== undefined) alternatives.push(...deniedObject(node.object));
  for (const child of node.allOf ?? []) alternatives.push([literal(~child)]);
  if (node.not !== undefined) alternatives.push([literal(node.not)]);
  if (node.anyOf !== undefined) alternatives.push(node.anyOf.map((child) => literal(~child)));
  const { oneOf, when, opaque } = node;
  if (oneOf !== undefined) {
    alternatives.push(oneOf.map((child) => literal(~child)));
    alternatives.push(...moreThanOne(oneOf));
  }
  if (when !== undefined) {
    alternatives.push([literal(when.holds), literal(~when.then)]);
    alternatives.push([literal(~when.holds), literal(~when.else)]);
  }
  if (opaque !== undefined) alternatives.push([{ kind: "doubt", doubt: `what ${opaque.what} says is not understood` }]);
  return alternatives;
}

function literal(said: Literal): Item {
  return { kind: "literal", literal: said };
}

/** Alternatives of a `oneOf` that are set against each other, at most: there are as many pairs as its square. */
const EXCLUSIVE_MAX = 100;

/** One holds and the others do not. Of very many, only that one holds: what is found is checked anyway. */
function exactlyOne(oneOf: readonly NodeId[]): readonly Choice[] {
  if (oneOf.length > EXCLUSIVE_MAX) return [oneOf.map((one) => [literal(one)])];
  const alone = oneOf.map((one) => oneOf.map((other) => literal(other === one ? one : ~other)));
  if (new Set(oneOf).size === oneOf.length) return [alone];
  return [alone, oneOf.filter((one) => isOnce(oneOf, one)).map((one) => [literal(one)])];
}

/** Two of them hold at once. */
function moreThanOne(oneOf: readonly NodeId[]): Choice {
  if (oneOf.length > EXCLUSIVE_MAX)
    return [[{ kind: "doubt", doubt: `a oneOf has more than ${EXCLUSIVE_MAX} alternatives` }]];
  return oneOf.flatMap((one, index) => oneOf.slice(index + 1).map((other) => [literal(one), literal(other)]));
}

function isOnce(ids: readonly NodeId[], id: NodeId): boolean {
  return ids.filter((other) => other === id).length === 1;
}

function leafRules(node: SchemaNode, type: JsonType): readonly LeafRule[] {
  const rules = type === "number" ? node.number : type === "string" ? node.string : undefined;
  return Object.entries(rules ?? {}).map(([rule, operand]) => ({ kind: "leaf", rule, operand, holds: true }));
}

function affirmArray(shape: Shape, items: Item[], rules: ArrayRules): void {
  shape.arrays.push(rules);
  shape.unique ||= rules.unique === true;
  items.push({ kind: "count", min: rules.minItems ?? 0, max: rules.maxItems ?? Number.POSITIVE_INFINITY });
  if (rules.contains !== undefined) items.push({ kind: "some-item", from: 0, literal: rules.contains });
}

function affirmObject(shape: Shape, items: Item[], choices: Choice[], rules: ObjectRules): void {
  shape.objects.push(rules);
  items.push({ kind: "count", min: rules.minProperties ?? 0, max: rules.maxProperties ?? Number.POSITIVE_INFINITY });
  for (const name of rules.required) items.push({ kind: "require", name });
  for (const [name, others] of rules.dependents)
    choices.push([[{ kind: "forbid", name }], others.map((other) => ({ kind: "require", name: other }))]);
  for (const [name, node] of rules.dependentSchemas) choices.push([[{ kind: "forbid", name }], [literal(node)]]);
}

function deniedArray({ prefix, rest, minItems, maxItems, unique, contains }: ArrayRules): Choice {
  return [
    ...prefix.map((node, index): readonly Item[] => [{ kind: "item", index, literal: ~node }]),
    ...(rest === undefined ? [] : [[{ kind: "some-item", from: prefix.length, literal: ~rest } as const]]),
    ...(minItems === undefined ? [] : [[{ kind: "count", max: minItems - 1 } as const]]),
    ...(maxItems === undefined ? [] : [[{ kind: "count", min: maxItems + 1 } as const]]),
    ...(unique === undefined ? [] : [[{ kind: "duplicate" } as const]]),
    ...(contains === undefined ? [] : [[{ kind: "every", literal: ~contains } as const]]),
  ];
}

function deniedObject(rules: ObjectRules): Choice {
  const { properties, patterns, rest, names, required, minProperties, maxProperties } = rules;
  const some = (on: "rest" | "names" | (typeof patterns)[number][0], node: NodeId): readonly Item[] => [
    { kind: "some-property", rules, on, literal: ~node },
  ];
  return [
    ...required.map((name): readonly Item[] => [{ kind: "forbid", name }]),
    ...[...properties].map(([name, node]): readonly Item[] => [{ kind: "property", name, literal: ~node }]),
    ...patterns.map(([pattern, node]) => some(pattern, node)),
    ...(rest === undefined ? [] : [some("rest", rest)]),
    ...(names === undefined ? [] : [some("names", names)]),
    ...(minProperties === undefined ? [] : [[{ kind: "count", max: minProperties - 1 } as const]]),
    ...(maxProperties === undefined ? [] : [[{ kind: "count", min: maxProperties + 1 } as const]]),
    ...rules.dependents.flatMap(([name, others]) =>
      others.map((other): readonly Item[] => [
        { kind: "require", name },
        { kind: "forbid", name: other },
      ]),
    ),
    ...rules.dependentSchemas.map(([name, node]): readonly Item[] => [{ kind: "require", name }, literal(~node)]),
  ];
}
