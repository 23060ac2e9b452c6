import { type AnySchema, type JsonSchema, jsonSchemaOf } from "@polder/model";
import * as fc from "fast-check";

/** Below this depth, lists and optional fields stay away, so that schemas that refer to themselves come to an end. */
const DEPTH_MAX = 4;
/** Items of a list, and characters of a text, where the schema does not ask for more. */
const ITEMS_MAX = 3;
const LENGTH_MAX = 20;
/** Numbers are taken from around 0 where the schema sets no bounds: they are easier to read in a counterexample. */
const NUMBER_MAX = 1_000_000;

/**
 * Makes up values as a schema describes them. What only the schema's library knows, such as a refinement, is not looked
 * at: hold the values to the schema before you use them.
 */
export function instancesOf(schema: AnySchema): fc.Arbitrary<unknown> {
  const root = jsonSchemaOf(schema, "input");
  return instances({ root, schema: root, depth: 0 });
}

interface Place {
  readonly root: JsonSchema;
  readonly schema: JsonSchema;
  readonly depth: number;
}

function instances(place: Place): fc.Arbitrary<unknown> {
  const { root, schema, depth } = place;
  if ("const" in schema) return fc.constant(schema["const"]);
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as readonly unknown[]));
  if (typeof schema["$ref"] === "string")
    return instances({ root, schema: referred(root, schema["$ref"]), depth: depth + 1 });
  const variants = schemas(schema["anyOf"] ?? schema["oneOf"]);
  // The last of several is often the empty one, such as null: what is deep ends there.
  if (variants.length > 0) return fc.oneof(...(depth > DEPTH_MAX ? variants.slice(-1) : variants).map(below(place)));
  const parts = schemas(schema["allOf"]);
  if (parts.length > 0)
    return fc.tuple(...parts.map(below(place))).map((values) => Object.assign({}, ...values) as unknown);
  const { type } = schema;
  if (Array.isArray(type))
    return fc.oneof(...type.map((one: unknown) => instances({ ...place, schema: { ...schema, type: one } })));
  return ofType(String(type), place);
}

function ofType(type: string, place: Place): fc.Arbitrary<unknown> {
  switch (type) {
    case "object":
      return objects(place);
    case "array":
      return lists(place);
    case "string":
      return texts(place.schema);
    case "integer":
      return fc.integer(bounds(place.schema, { isWhole: true }));
    case "number":
      return fc.double({ ...bounds(place.schema, { isWhole: false }), noNaN: true });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}

function objects(place: Place): fc.Arbitrary<unknown> {
  const { schema, depth } = place;
  const properties = Object.entries((schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>);
  const required = (schema["required"] ?? []) as string[];
  const wanted = properties.filter(([name]) => depth <= DEPTH_MAX || required.includes(name));
  const named = fc.record(Object.fromEntries(wanted.map(([name, property]) => [name, below(place)(property)])), {
    requiredKeys: required,
    noNullPrototype: true,
  });
  const others = schema["additionalProperties"];
  if (typeof others !== "object" || others === null || depth > DEPTH_MAX) return named;
  const names =
    "propertyNames" in schema ? below(place)(schema["propertyNames"] as JsonSchema) : fc.string({ minLength: 1 });
  const rest = fc.dictionary(names as fc.Arbitrary<string>, below(place)(others as JsonSchema), {
    maxKeys: ITEMS_MAX,
    noNullPrototype: true,
  });
  return fc.tuple(rest, named).map(([more, known]) => ({ ...more, ...known }));
}

function lists(place: Place): fc.Arbitrary<unknown> {
  const { schema, depth } = place;
  const prefix = schemas(schema["prefixItems"]);
  if (prefix.length > 0) return fc.tuple(...prefix.map(below(place)));
  const minLength = numberOr(schema["minItems"], 0);
  const most = depth > DEPTH_MAX ? minLength : Math.max(minLength, ITEMS_MAX);
  const maxLength = Math.min(numberOr(schema["maxItems"], most), most);
  return fc.array(below(place)((schema["items"] ?? {}) as JsonSchema), { minLength, maxLength });
}

const formats: Readonly<Record<string, () => fc.Arbitrary<string>>> = {
  date: () => dates().map((text) => text.slice(0, 10)),
  "date-time": () => dates(),
  email: () => fc.tuple(word(), word()).map(([user, host]) => `${user}@${host}.example`),
  ipv4: () => fc.ipV4(),
  ipv6: () => fc.ipV6(),
  time: () => dates().map((text) => text.slice(11)),
  uri: () => fc.webUrl(),
  uuid: () => fc.uuid({ version: [4, 7] }),
};

function texts(schema: JsonSchema): fc.Arbitrary<string> {
  const format = formats[String(schema["format"])];
  if (format !== undefined) return format();
  if (typeof schema["pattern"] === "string") return fc.stringMatching(new RegExp(schema["pattern"], "u"));
  const minLength = numberOr(schema["minLength"], 0);
  const maxLength = Math.min(numberOr(schema["maxLength"], LENGTH_MAX), Math.max(minLength, LENGTH_MAX));
  // Texts of people have blanks more often than chance would put them.
  const words = fc
    .array(word(), { minLength: 1, maxLength: ITEMS_MAX })
    .map((all) => all.join(" ").slice(0, maxLength));
  return fc.oneof(
    fc.string({ minLength, maxLength }),
    words.filter((text) => text.length >= minLength),
  );
}

function word(): fc.Arbitrary<string> {
  return fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz") });
}

function dates(): fc.Arbitrary<string> {
  const range = { min: new Date("2000-01-01T00:00:00Z"), max: new Date("2099-12-31T00:00:00Z") };
  return fc.date({ ...range, noInvalidDate: true }).map((date) => date.toISOString());
}

function bounds(schema: JsonSchema, { isWhole }: { readonly isWhole: boolean }): { min: number; max: number } {
  const step = isWhole ? 1 : Number.EPSILON;
  const low = Math.max(numberOr(schema["minimum"], -Infinity), numberOr(schema["exclusiveMinimum"], -Infinity) + step);
  const high = Math.min(numberOr(schema["maximum"], Infinity), numberOr(schema["exclusiveMaximum"], Infinity) - step);
  const min = low < -NUMBER_MAX && high > -NUMBER_MAX ? -NUMBER_MAX : low;
  return { min, max: high > NUMBER_MAX && min < NUMBER_MAX ? NUMBER_MAX : high };
}

function below({ root, depth }: Place): (schema: JsonSchema) => fc.Arbitrary<unknown> {
  return (schema) => instances({ root, schema, depth: depth + 1 });
}

function schemas(list: unknown): readonly JsonSchema[] {
  return Array.isArray(list) ? (list as readonly JsonSchema[]) : [];
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

function referred(root: JsonSchema, reference: string): JsonSchema {
  const tokens = reference
    .replace(/^#\/?/, "")
    .split("/")
    .filter((token) => token !== "");
  return tokens.reduce<JsonSchema>(
    (schema, token) => (schema[token.replaceAll("~1", "/").replaceAll("~0", "~")] ?? {}) as JsonSchema,
    root,
  );
}
