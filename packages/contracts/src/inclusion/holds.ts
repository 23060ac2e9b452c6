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
import { isExhausted, type Search, type Truth } from "./search.ts";

/** What it costs to ask one node about one value, in steps of a search. */
const STEP = 0.1;

/** Whether a value is as a schema says. Nothing, too, where the search has cost what it may. */
export function holds(search: Search, id: NodeId, value: unknown): Truth {
  const node = search.store.node(id);
  search.steps += STEP;
  if (!hasInner(node)) return nodeHolds(search, node, value);
  const known = search.truths.get(id) ?? new Map<unknown, Truth>();
  if (known.has(value)) return known.get(value);
  if (isExhausted(search)) return undefined;
  const truth = nodeHolds(search, node, value);
  search.truths.set(id, known.set(value, truth));
  return truth;
}

/** Whether what a node says is asked of other nodes. */
function hasInner({ array, object, allOf, anyOf, oneOf, not, when }: SchemaNode): boolean {
  return (array ?? object ?? allOf ?? anyOf ?? oneOf ?? not ?? when) !== undefined;
}

function nodeHolds(search: Search, node: SchemaNode, value: unknown): Truth {
  const check = (child: NodeId): Truth => holds(search, child, value);
  const plain = every([
    () => node.types === undefined || node.types.includes(typeOf(value)),
    () => node.values === undefined || listed(node.values, value),
    () => rulesHold(search, node, value),
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

function rulesHold(search: Search, node: SchemaNode, value: unknown): Truth {
  if (typeof value === "number") return node.number === undefined || numberHolds(node.number, value);
  if (typeof value === "string") return node.string === undefined || stringHolds(search, node.string, value);
  if (Array.isArray(value)) return node.array === undefined || arrayHolds(search, node.array, value);
  if (typeof value === "object" && value !== null)
    return node.object === undefined || objectHolds(search, node.object, value as Readonly<Record<string, unknown>>);
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

function stringHolds({ work }: Search, rules: StringRules, value: string): Truth {
  const { minLength, maxLength, pattern, format } = rules;
  return every([
    () => minLength === undefined || lengthOf(value) >= minLength,
    () => maxLength === undefined || lengthOf(value) <= maxLength,
    () => (pattern === undefined ? true : matches(pattern, value, work)),
    () => (format === undefined ? true : knownFormat(format)?.holds(value)),
  ]);
}

function arrayHolds(search: Search, rules: ArrayRules, value: readonly unknown[]): Truth {
  const { prefix, rest, minItems, maxItems, unique, contains } = rules;
  return every([
    () => minItems === undefined || value.length >= minItems,
    () => maxItems === undefined || value.length <= maxItems,
    ...value.map((item, index) => () => {
      const id = prefix[index] ?? rest;
      return id === undefined ? true : holds(search, id, item);
    }),
    () => unique === undefined || !hasDuplicate(value),
    () => (contains === undefined ? true : some(value.map((item) => () => holds(search, contains, item)))),
  ]);
}

function hasDuplicate(value: readonly unknown[]): boolean {
  return new Set(value.map(spelled)).size < value.length;
}

function objectHolds(search: Search, rules: ObjectRules, value: Readonly<Record<string, unknown>>): Truth {
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
          has(name) ? holds(search, id, value) : true,
    ),
    ...names.map((name) => () => propertyHolds(search, rules, name, value[name])),
  ]);
}

function propertyHolds(search: Search, rules: ObjectRules, name: string, value: unknown): Truth {
  const own = rules.properties.get(name);
  const matching = rules.patterns.map(([pattern, id]) => ({ id, match: matches(pattern, name, search.work) }));
  const elsewhere = own !== undefined || matching.some(({ match }) => match === true);
  const unsure = matching.some(({ match }) => match === undefined);
  return every([
    () => (rules.names === undefined ? true : holds(search, rules.names, name)),
    () => (own === undefined ? true : holds(search, own, value)),
    ...matching.map(({ id, match }) => () => {
      if (match === false) return true;
      const truth = holds(search, id, value);
      return match === true || truth === true ? truth : undefined;
    }),
    () => {
      if (rules.rest === undefined || elsewhere) return true;
      const truth = holds(search, rules.rest, value);
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
