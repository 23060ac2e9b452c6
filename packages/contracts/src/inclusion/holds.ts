import { matches } from "../pattern/pattern.ts";
import { knownFormat } from "../schema/format.ts";
import {
  type ArrayRules,
  type NodeId,
  type NumberRules,
  type ObjectRules,
  type SchemaNode,
  type StringRules,
  typeOf,
} from "../schema/schema-node.ts";
import type { SchemaStore } from "../schema/schema-store.ts";

/** True, false, or nothing where it cannot be said. */
export type Truth = boolean | undefined;

/** Whether a value is as a schema says. */
export function holds(store: SchemaStore, id: NodeId, value: unknown): Truth {
  const node = store.node(id);
  const check = (child: NodeId): Truth => holds(store, child, value);
  const plain = every([
    () => node.types === undefined || node.types.includes(typeOf(value)),
    () => node.values === undefined || listed(node.values, value),
    () => rulesHold(store, node, value),
    ...(node.allOf ?? []).map((child) => () => check(child)),
    () => (node.anyOf === undefined ? true : some(node.anyOf.map((child) => () => check(child)))),
    () => (node.oneOf === undefined ? true : exactlyOne(node.oneOf.map(check))),
    () => (node.not === undefined ? true : inverse(check(node.not))),
    () => (node.when === undefined ? true : conditionHolds(node.when, check)),
  ]);
  // What is not understood can only refuse more.
  return node.opaque !== undefined && plain === true ? undefined : plain;
}

const spellings = new WeakMap<readonly unknown[], ReadonlySet<string>>();

/** Whether a list has a value; fast for long lists that are asked again. */
export function listed(values: readonly unknown[], value: unknown): boolean {
  const known = spellings.get(values) ?? new Set(values.map(spelled));
  spellings.set(values, known);
  return known.has(spelled(value));
}

/** JSON in which the same value has the same text, whatever the order of its properties. */
function spelled(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}

/** The number of characters, as JSON Schema counts them. */
export function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

function rulesHold(store: SchemaStore, node: SchemaNode, value: unknown): Truth {
  if (typeof value === "number") return node.number === undefined || numberHolds(node.number, value);
  if (typeof value === "string") return node.string === undefined || stringHolds(node.string, value);
  if (Array.isArray(value)) return node.array === undefined || arrayHolds(store, node.array, value);
  if (typeof value === "object" && value !== null)
    return node.object === undefined || objectHolds(store, node.object, value as Readonly<Record<string, unknown>>);
  return true;
}

function numberHolds(rules: NumberRules, value: number): Truth {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, integer, format } = rules;
  const isWithin =
    (minimum === undefined || value >= minimum) &&
    (maximum === undefined || value <= maximum) &&
    (exclusiveMinimum === undefined || value > exclusiveMinimum) &&
    (exclusiveMaximum === undefined || value < exclusiveMaximum) &&
    (integer === undefined || Number.isInteger(value)) &&
    (multipleOf === undefined || Number.isInteger(value / multipleOf));
  return isWithin && format !== undefined ? undefined : isWithin;
}

function stringHolds({ minLength, maxLength, pattern, format }: StringRules, value: string): Truth {
  return every([
    () => minLength === undefined || lengthOf(value) >= minLength,
    () => maxLength === undefined || lengthOf(value) <= maxLength,
    () => (pattern === undefined ? true : matches(pattern, value)),
    () => (format === undefined ? true : knownFormat(format)?.holds(value)),
  ]);
}

function arrayHolds(store: SchemaStore, rules: ArrayRules, value: readonly unknown[]): Truth {
  const { prefix, rest, minItems, maxItems, unique, contains } = rules;
  return every([
    () => minItems === undefined || value.length >= minItems,
    () => maxItems === undefined || value.length <= maxItems,
    ...value.map((item, index) => () => {
      const id = prefix[index] ?? rest;
      return id === undefined ? true : holds(store, id, item);
    }),
    () => unique === undefined || !hasDuplicate(value),
    () => (contains === undefined ? true : some(value.map((item) => () => holds(store, contains, item)))),
  ]);
}

function hasDuplicate(value: readonly unknown[]): boolean {
  return new Set(value.map(spelled)).size < value.length;
}

function objectHolds(store: SchemaStore, rules: ObjectRules, value: Readonly<Record<string, unknown>>): Truth {
  const names = Object.keys(value);
  const has = (name: string): boolean => Object.hasOwn(value, name);
  return every([
    () => rules.minProperties === undefined || names.length >= rules.minProperties,
    () => rules.maxProperties === undefined || names.length <= rules.maxProperties,
    () => rules.required.every(has),
    () => rules.dependents.every(([name, others]) => !has(name) || others.every(has)),
    ...rules.dependentSchemas.map(
      ([name, id]) =>
        () =>
          has(name) ? holds(store, id, value) : true,
    ),
    ...names.map((name) => () => propertyHolds(store, rules, name, value[name])),
  ]);
}

function propertyHolds(store: SchemaStore, rules: ObjectRules, name: string, value: unknown): Truth {
  const own = rules.properties.get(name);
  const matching = rules.patterns.map(([pattern, id]) => ({ id, match: matches(pattern, name) }));
  const elsewhere = own !== undefined || matching.some(({ match }) => match === true);
  const unsure = matching.some(({ match }) => match === undefined);
  return every([
    () => (rules.names === undefined ? true : holds(store, rules.names, name)),
    () => (own === undefined ? true : holds(store, own, value)),
    ...matching.map(({ id, match }) => () => {
      if (match === false) return true;
      const truth = holds(store, id, value);
      return match === true || truth === true ? truth : undefined;
    }),
    () => {
      if (rules.rest === undefined || elsewhere) return true;
      const truth = holds(store, rules.rest, value);
      return unsure && truth !== true ? undefined : truth;
    },
  ]);
}

function conditionHolds(
  { holds: condition, then, else: otherwise }: NonNullable<SchemaNode["when"]>,
  check: (id: NodeId) => Truth,
): Truth {
  const truth = check(condition);
  if (truth !== undefined) return check(truth ? then : otherwise);
  return check(then) === true && check(otherwise) === true ? true : undefined;
}

function every(parts: readonly (() => Truth)[]): Truth {
  let unsure = false;
  for (const part of parts) {
    const truth = part();
    if (truth === false) return false;
    unsure ||= truth === undefined;
  }
  return unsure ? undefined : true;
}

function some(parts: readonly (() => Truth)[]): Truth {
  return inverse(every(parts.map((part) => () => inverse(part()))));
}

function exactlyOne(truths: readonly Truth[]): Truth {
  const sure = truths.filter((truth) => truth === true).length;
  if (sure > 1) return false;
  return truths.includes(undefined) ? undefined : sure === 1;
}

function inverse(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth;
}
