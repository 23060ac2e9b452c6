import type { Operation } from "./operation.ts";
import type { Problem } from "./problems.ts";
import { isScalar, type JsonSchema, jsonSchemaOf } from "./schema.ts";

/**
 * That a query answers for many keys at once, so that a composition asks once where it would ask for each:
 * `{ keys: "orderId", items: "payments", key: "orderId" }`. For a key of which there is nothing it answers no item.
 */
export interface Batch<Keys extends string = string, Items extends string = string, Key extends string = string> {
  /** The field of the input that lists the keys; its schema says how many it takes. */
  readonly keys: Keys;
  /** The field of the output that lists what was found. */
  readonly items: Items;
  /** The field of each item that says for which key it is. */
  readonly key: Key;
}

/**
 * That a query answers page by page, so that somebody may read all there is: `{ after: "after", items: "customers", next:
 * "next" }`. Pages must follow a key that never changes: then what is there all the while comes exactly once.
 */
export interface Paging<After extends string = string, Items extends string = string, Next extends string = string> {
  /** The field of the input that says after what the page begins; left out for the first. */
  readonly after: After;
  /** The field of the output that lists what is on the page. */
  readonly items: Items;
  /** The field of the output that says what to ask for next; null or left out on the last page. */
  readonly next: Next;
}

/** Keys that one call may ask for at most: they travel in the address of a request, which has a length. */
const KEYS_MAX = 500;

/** What is wrong with the way in which a query says that it answers for many keys, if anything. */
export function batchProblems({ batch, input, output }: Operation, place: string): readonly Problem[] {
  if (batch === undefined) return [];
  const keys = fieldOf(jsonSchemaOf(input, "input"), batch.keys);
  const problems: Problem[] = [];
  if (keys?.["type"] !== "array" || !isScalar(keys["items"] as JsonSchema | undefined))
    problems.push({ place: `${place}.keys`, problem: `"${batch.keys}" is no list of keys in the input` });
  else if (!(Number(keys["maxItems"]) <= KEYS_MAX))
    problems.push({
      place: `${place}.keys`,
      problem: `"${batch.keys}" has no bound; say in its schema how many keys it takes, at most ${KEYS_MAX}`,
    });
  const item = itemsOf(jsonSchemaOf(output, "output"), batch.items);
  if (item === undefined)
    return [...problems, { place: `${place}.items`, problem: `"${batch.items}" is no list of objects in the output` }];
  if (fieldOf(item, batch.key) === undefined || !requiredOf(item).includes(batch.key))
    problems.push({
      place: `${place}.key`,
      problem: `"${batch.key}" is no field that every item of "${batch.items}" has; without it nobody knows for which key an item is`,
    });
  return problems;
}

/** What is wrong with the way in which a query says that it answers page by page, if anything. */
export function pagingProblems({ pages, input, output }: Operation, place: string): readonly Problem[] {
  if (pages === undefined) return [];
  const asked = jsonSchemaOf(input, "input");
  const given = jsonSchemaOf(output, "output");
  const problems: Problem[] = [];
  if (!isScalar(fieldOf(asked, pages.after)) || requiredOf(asked).includes(pages.after))
    problems.push({
      place: `${place}.after`,
      problem: `"${pages.after}" is no single value of the input that may be left out, as it is for the first page`,
    });
  if (itemsOf(given, pages.items) === undefined)
    problems.push({ place: `${place}.items`, problem: `"${pages.items}" is no list of objects in the output` });
  if (fieldOf(given, pages.next) === undefined)
    problems.push({ place: `${place}.next`, problem: `"${pages.next}" is no field of the output` });
  return problems;
}

function fieldOf(schema: JsonSchema, name: string): JsonSchema | undefined {
  const fields = (schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>;
  return Object.hasOwn(fields, name) ? named(fields[name], schema) : undefined;
}

/** The schema of what a list of objects holds. */
function itemsOf(schema: JsonSchema, name: string): JsonSchema | undefined {
  const list = fieldOf(schema, name);
  const item = list?.["type"] === "array" ? named(list["items"] as JsonSchema | undefined, schema) : undefined;
  return item?.["type"] === "object" ? item : undefined;
}

/** Libraries give a schema that has a name a place of its own, and point there. */
function named(schema: JsonSchema | undefined, root: JsonSchema): JsonSchema | undefined {
  const [, name] = /^#\/\$defs\/([^/]+)$/.exec(String(schema?.["$ref"] ?? "")) ?? [];
  return name === undefined ? schema : (root["$defs"] as Readonly<Record<string, JsonSchema>> | undefined)?.[name];
}

function requiredOf(schema: JsonSchema): readonly string[] {
  return (schema["required"] ?? []) as readonly string[];
}
