import { type AnySchema, type JsonSchema, jsonSchemaOf } from "@polder/model";
import * as fc from "fast-check";

/** Below this depth, lists and optional fields stay away, so that schemas that refer to themselves come to an end. */
const DEPTH_MAX = 4;
/** Deeper is only what has no end. */
const DEPTH_LAST = 20;
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
  return instances({ root, schema: root, depth: 0, known: new Map() });
}

interface Place {
  readonly root: JsonSchema;
  readonly schema: JsonSchema;
  readonly depth: number;
  /** What references lead to, by depth: made once, however many lead there. */
  readonly known: Map<string, fc.Arbitrary<unknown>>;
}

function instances(place: Place): fc.Arbitrary<unknown> {
  const { schema, depth } = place;
  if ("const" in schema) return fc.constant(schema["const"]);
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as readonly unknown[]));
  if (depth > DEPTH_LAST) return fc.constant(null);
  if (typeof schema["$ref"] === "string") return referred(place, schema["$ref"]);
  const { type } = schema;
  if (type === "string") return texts(schema);
  const inner = [...variantsOf(place), ...schemas(schema["allOf"]).map(below(place))];
  if (inner.length > 0) {
    const whole = "properties" in schema ? [objects(place), ...inner] : inner;
    return whole.length === 1 ? (whole[0] ?? fc.constant(null)) : fc.tuple(...whole).map(merged);
  }
  if (Array.isArray(type))
    return fc.oneof(...type.map((one: unknown) => instances({ ...place, schema: { ...schema, type: one } })));
  return ofType(String(type), place);
}

/** One value for the alternatives of a schema, if it has any. */
function variantsOf(place: Place): readonly fc.Arbitrary<unknown>[] {
  const { schema, depth } = place;
  const variants = schemas(schema["anyOf"] ?? schema["oneOf"]);
  if (variants.length === 0) return [];
  // What is deep ends where it can: with what refers to nothing.
  const ends = depth > DEPTH_MAX ? variants.filter((variant) => !("$ref" in variant)) : variants;
  return [fc.oneof(...(ends.length === 0 ? variants.slice(-1) : ends).map(below(place)))];
}

function merged(values: readonly unknown[]): unknown {
  return Object.assign({}, ...values) as unknown;
}

function ofType(type: string, place: Place): fc.Arbitrary<unknown> {
  switch (type) {
    case "object":
      return objects(place);
    case "array":
      return lists(place);
    case "integer":
    case "number":
      return numbers(place.schema, { isWhole: type === "integer" });
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
  const others = schema["additionalProperties"];
  const other = typeof others === "object" && others !== null ? (others as JsonSchema) : {};
  // A record may need names that only its rule for all others knows.
  const unnamed = required.filter((name) => !properties.some(([known]) => known === name));
  const wanted = [
    ...properties.filter(([name]) => depth <= DEPTH_MAX || required.includes(name)),
    ...unnamed.map((name) => [name, other] as const),
  ];
  const named = fc.record(Object.fromEntries(wanted.map(([name, property]) => [name, below(place)(property)])), {
    requiredKeys: required,
    noNullPrototype: true,
  });
  if (typeof others !== "object" || others === null || depth > DEPTH_MAX) return named;
  const names =
    "propertyNames" in schema ? below(place)(schema["propertyNames"] as JsonSchema) : fc.string({ minLength: 1 });
  const rest = fc.dictionary(names as fc.Arbitrary<string>, below(place)(other), {
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
  // Not even made: what it is made of may have no end.
  if (maxLength === 0) return fc.constant([]);
  return fc.array(below(place)((schema["items"] ?? {}) as JsonSchema), { minLength, maxLength });
}

const formats: Readonly<Record<string, () => fc.Arbitrary<string>>> = {
  date: () => dates().map((text) => text.slice(0, 10)),
  "date-time": () => dates(),
  duration: () => fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 23 })).map(([days, hours]) => `P${days}DT${hours}H`),
  email: () => fc.tuple(word(), word()).map(([user, host]) => `${user}@${host}.example`),
  hostname: () => fc.tuple(word(), word()).map((labels) => labels.join(".")),
  ipv4: () => fc.ipV4(),
  ipv6: () => fc.ipV6(),
  time: () => dates().map((text) => text.slice(11)),
  uri: () => fc.webUrl(),
  uuid: () => fc.uuid({ version: [4, 7] }),
};

function texts(schema: JsonSchema): fc.Arbitrary<string> {
  const patterns = [schema, ...schemas(schema["allOf"])].flatMap(({ pattern }) =>
    typeof pattern === "string" ? [pattern] : [],
  );
  const format = formats[String(schema["format"])]?.();
  // Texts of a format are easier to read than those of the pattern that a library has for it.
  if (format !== undefined && patterns.every((pattern) => areAll(format, pattern))) return format;
  const matching = patterns.flatMap(textsMatching);
  // One that fits the beginning and one that fits the end are, one after the other, often one that fits both.
  if (matching.length > 1) return fc.tuple(...matching).map((parts) => parts.join(""));
  return matching[0] ?? format ?? plainTexts(schema);
}

/** Texts that are looked at to tell whether a format is all that a pattern says. */
const LOOKED_AT = 20;

function areAll(texts: fc.Arbitrary<string>, pattern: string): boolean {
  try {
    const expression = new RegExp(pattern, "u");
    return fc.sample(texts, { numRuns: LOOKED_AT, seed: 1 }).every((text) => expression.test(text));
  } catch {
    return true;
  }
}

/** Texts for a pattern; none where it cannot be read, also without what it looks ahead for. */
function textsMatching(pattern: string): readonly fc.Arbitrary<string>[] {
  for (const source of [pattern, pattern.replaceAll(/\(\?<?[=!][^()]*\)/g, "")]) {
    try {
      return [fc.stringMatching(new RegExp(source, "u"))];
    } catch {
      // Not every pattern can be turned round.
    }
  }
  return [];
}

function plainTexts(schema: JsonSchema): fc.Arbitrary<string> {
  const minLength = numberOr(schema["minLength"], 0);
  const most = Math.max(minLength, LENGTH_MAX);
  const maxLength = Math.min(numberOr(schema["maxLength"], most), most);
  // Texts of people have blanks more often than chance would put them.
  const words = fc
    .array(word(), { minLength: Math.max(1, Math.ceil(minLength / 2)), maxLength: Math.max(ITEMS_MAX, minLength) })
    .map((all) => all.join(" ").slice(0, maxLength));
  return fc.oneof(fc.string({ minLength, maxLength }), words);
}

function word(): fc.Arbitrary<string> {
  return fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz") });
}

function dates(): fc.Arbitrary<string> {
  const range = { min: new Date("2000-01-01T00:00:00Z"), max: new Date("2099-12-31T00:00:00Z") };
  return fc.date({ ...range, noInvalidDate: true }).map((date) => date.toISOString());
}

function numbers(schema: JsonSchema, whole: { readonly isWhole: boolean }): fc.Arbitrary<number> {
  const { min, max } = bounds(schema, whole);
  const step = schema["multipleOf"];
  if (typeof step === "number")
    return fc.integer({ min: Math.ceil(min / step), max: Math.floor(max / step) }).map((count) => count * step);
  return whole.isWhole ? fc.integer({ min, max }) : fc.double({ min, max, noNaN: true });
}

function bounds(schema: JsonSchema, { isWhole }: { readonly isWhole: boolean }): { min: number; max: number } {
  const step = isWhole ? 1 : Number.EPSILON;
  const low = Math.max(numberOr(schema["minimum"], -Infinity), numberOr(schema["exclusiveMinimum"], -Infinity) + step);
  const high = Math.min(numberOr(schema["maximum"], Infinity), numberOr(schema["exclusiveMaximum"], Infinity) - step);
  const min = low < -NUMBER_MAX && high > -NUMBER_MAX ? -NUMBER_MAX : low;
  return { min, max: high > NUMBER_MAX && min < NUMBER_MAX ? NUMBER_MAX : high };
}

function below(place: Place): (schema: JsonSchema) => fc.Arbitrary<unknown> {
  return (schema) => instances({ ...place, schema, depth: place.depth + 1 });
}

function schemas(list: unknown): readonly JsonSchema[] {
  return Array.isArray(list) ? (list as readonly JsonSchema[]) : [];
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

function referred(place: Place, reference: string): fc.Arbitrary<unknown> {
  const key = `${place.depth} ${reference}`;
  const known = place.known.get(key);
  if (known !== undefined) return known;
  const tokens = reference
    .replace(/^#\/?/, "")
    .split("/")
    .filter((token) => token !== "");
  const schema = tokens.reduce<JsonSchema>(
    (found, token) => (found[token.replaceAll("~1", "/").replaceAll("~0", "~")] ?? {}) as JsonSchema,
    place.root,
  );
  const made = instances({ ...place, schema, depth: place.depth + 1 });
  place.known.set(key, made);
  return made;
}
