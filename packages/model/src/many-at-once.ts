import type { Operation } from "./operation.ts";
import type { Problem } from "./problems.ts";
import { isScalar, type JsonSchema, jsonSchemaOf } from "./schema.ts";
import { fieldOf, itemOf, requiredFields } from "./schema-fields.ts";

/**
 * That a query answers for many keys at once, so that a composition asks once where it would ask for each:
 * `{ keys: "orderId", items: "payments", key: "orderId" }`. For a key of which there is nothing it answers no item.
 */
export interface Batch<Keys extends string = string, Items extends string = string, Key extends string = string> {
  /** The field of the input that lists the keys; its schema says how many it takes. */
  readonly keys: Keys;
  /** The field of the output that lists what was found. */
  readonly items: Items;
  /** The field of each item that says for which key it is: of the same type as the keys. */
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

/**
 * Keys that one call may ask for at most. They travel in the address of a request, which has a length: of long keys a
 * composition asks for fewer at once.
 */
const KEYS_MAX = 500;

/** How many keys a query that answers for many takes in one call. */
export function keysAtOnce({ input }: Operation, { keys }: Batch): number {
  return Number(fieldOf(jsonSchemaOf(input, "input"), keys)?.["maxItems"]);
}

/** What is wrong with the way in which a query says that it answers for many keys, if anything. */
export function batchProblems(operation: Operation, place: string): readonly Problem[] {
  const { input, output } = operation;
  if (operation.batch === undefined) return [];
  const batch = Object(operation.batch) as Batch;
  const key = itemOf(jsonSchemaOf(input, "input"), batch.keys);
  const given = jsonSchemaOf(output, "output");
  const item = itemOf(given, batch.items);
  const problems: Problem[] = [];
  if (key === undefined || !isScalar(key))
    problems.push({ place: `${place}.keys`, problem: `"${batch.keys}" is no list of keys in the input` });
  else if (!(keysAtOnce(operation, batch) >= 1 && keysAtOnce(operation, batch) <= KEYS_MAX))
    problems.push({
      place: `${place}.keys`,
      problem: `"${batch.keys}" has no bound; say in its schema how many keys it takes, at most ${KEYS_MAX}`,
    });
  if (item?.["type"] !== "object")
    return [...problems, { place: `${place}.items`, problem: `"${batch.items}" is no list of objects in the output` }];
  return [...problems, ...itemKeyProblems({ batch, key, item, given }, `${place}.key`)];
}

interface BatchSchemas {
  readonly batch: Batch;
  /** Of one key that is asked for. */
  readonly key: JsonSchema | undefined;
  readonly item: JsonSchema;
  /** The whole output. */
  readonly given: JsonSchema;
}

function itemKeyProblems({ batch, key, item, given }: BatchSchemas, place: string): readonly Problem[] {
  const field = fieldOf(item, batch.key, given);
  if (field === undefined || !requiredFields(item).includes(batch.key))
    return [
      {
        place,
        problem: `"${batch.key}" is no field that every item of "${batch.items}" has; without it nobody knows for which key an item is`,
      },
    ];
  const [asked, found] = [typesOf(key), typesOf(field)];
  if (asked.length === 0 || found.some((type) => asked.includes(type))) return [];
  const problem = `"${batch.key}" is ${found.join(" or ") || "no single value"}, and the keys are ${asked.join(" or ")}: no item would be found by its key`;
  return [{ place, problem }];
}

/** Which values a schema of single values takes, as JavaScript compares them. */
function typesOf(schema: JsonSchema | undefined): readonly string[] {
  if (schema === undefined) return [];
  const variants = (schema["anyOf"] ?? []) as readonly JsonSchema[];
  if (variants.length > 0) return variants.flatMap(typesOf);
  const values = "const" in schema ? [schema["const"]] : schema["enum"];
  if (Array.isArray(values)) return [...new Set(values.map((value) => (value === null ? "null" : typeof value)))];
  const types = [schema["type"] ?? []].flat().map((type) => (type === "integer" ? "number" : String(type)));
  return types.filter((type) => ["string", "number", "boolean", "null"].includes(type));
}

/** What is wrong with the way in which a query says that it answers page by page, if anything. */
export function pagingProblems(operation: Operation, place: string): readonly Problem[] {
  const { input, output } = operation;
  if (operation.pages === undefined) return [];
  const pages = Object(operation.pages) as Paging;
  const asked = jsonSchemaOf(input, "input");
  const given = jsonSchemaOf(output, "output");
  const [after, next] = [fieldOf(asked, pages.after), fieldOf(given, pages.next)];
  const problems: Problem[] = [];
  if (!isScalar(after) || requiredFields(asked).includes(pages.after))
    problems.push({
      place: `${place}.after`,
      problem: `"${pages.after}" is no single value of the input that may be left out, as it is for the first page`,
    });
  if (itemOf(given, pages.items)?.["type"] !== "object")
    problems.push({ place: `${place}.items`, problem: `"${pages.items}" is no list of objects in the output` });
  if (next === undefined)
    problems.push({ place: `${place}.next`, problem: `"${pages.next}" is no field of the output` });
  else if (isScalar(after) && !typesOf(next).some((type) => typesOf(after).includes(type)))
    problems.push({
      place: `${place}.next`,
      problem: `"${pages.next}" cannot be asked for as "${pages.after}": it is ${typesOf(next).join(" or ") || "no single value"}, and that is ${typesOf(after).join(" or ")}`,
    });
  return problems;
}
