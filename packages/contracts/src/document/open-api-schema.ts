import type { JsonSchema } from "@polder/model";
import { isObject, mapSubschemas } from "../schema/subschemas.ts";
import { findPart, type OpenApiReading } from "./open-api-reading.ts";

/** Who gets a value: what only answers have is no part of a request, and the other way round. */
export type OpenApiRole = "request" | "response";

/** What OpenAPI adds to schemas, and no validator looks at. */
const annotations = new Set(["discriminator", "example", "externalDocs", "xml"]);

/** Formats that say nothing of what is valid, or nothing that JSON could hold. */
const meaningless = new Set(["binary", "byte", "double", "float", "int32", "int64", "password"]);

const INT32_MIN = -2_147_483_648;
const INT32_MAX = 2_147_483_647;

const components = "#/components/schemas/";

/**
 * A schema of an OpenAPI document in plain JSON Schema, with all that it refers to beside it, so that it stands for
 * itself. What OpenAPI 3.0 says in words of its own is said as JSON Schema does (`nullable`, `exclusiveMinimum: true`),
 * and so is what `readOnly`, `writeOnly` and the formats of numbers mean. What it refers to and is not there is a problem.
 */
export function openApiSchema(
  read: OpenApiReading,
  schema: JsonSchema,
  { role, at }: { readonly role: OpenApiRole; readonly at: string },
): JsonSchema {
  const definitions = new Map<string, JsonSchema>();
  const awaited: string[] = [];
  const rewrite = (part: JsonSchema): JsonSchema => {
    const inner = mapSubschemas(part, rewrite);
    const { $ref: reference, ...plain } = plainSchema(inner, role);
    if (typeof reference !== "string") return orNull(plain, inner);
    awaited.push(reference);
    return orNull({ ...plain, $ref: `#/$defs/${escaped(definitionName(reference))}` }, inner);
  };
  const rewritten = rewrite(schema);
  // One after the other: what refers to each other may be a long chain.
  for (const reference of awaited) {
    const name = definitionName(reference);
    if (definitions.has(name)) continue;
    const found = findPart(read.document, reference);
    if (found === undefined) read.problems.push(`${at} refers to ${reference}, which is not in the document`);
    definitions.set(name, isObject(found) ? rewrite(found) : {});
  }
  return definitions.size === 0 ? rewritten : { ...rewritten, $defs: Object.fromEntries(definitions) };
}

function definitionName(reference: string): string {
  return reference.startsWith(components) ? reference.slice(components.length) : reference.replace(/^#\//, "");
}

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Without `nullable`, which is left to {@link orNull}. */
function plainSchema(schema: JsonSchema, role: OpenApiRole): JsonSchema {
  const result: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (annotations.has(keyword) || keyword === "nullable") continue;
    if (keyword === "format" && meaningless.has(String(value))) continue;
    result[keyword] = value;
  }
  exclude(result, "exclusiveMinimum", "minimum");
  exclude(result, "exclusiveMaximum", "maximum");
  if (schema["format"] === "int32") {
    result["minimum"] = Math.max(INT32_MIN, numberOr(result["minimum"], INT32_MIN));
    result["maximum"] = Math.min(INT32_MAX, numberOr(result["maximum"], INT32_MAX));
  }
  return withoutOthers(result, role);
}

/** OpenAPI 3.0 says of a bound whether it is exclusive; JSON Schema has another keyword for one that is. */
function exclude(schema: Record<string, unknown>, exclusive: string, bound: string): void {
  if (typeof schema[exclusive] !== "boolean") return;
  if (schema[exclusive] && bound in schema) {
    schema[exclusive] = schema[bound];
    delete schema[bound];
  } else delete schema[exclusive];
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

/** Leaves out the fields that do not travel this way. */
function withoutOthers(schema: Record<string, unknown>, role: OpenApiRole): JsonSchema {
  const { properties, required } = schema;
  if (!isObject(properties)) return schema;
  const mark = role === "request" ? "readOnly" : "writeOnly";
  const left = Object.entries(properties).filter(([, property]) => !isObject(property) || property[mark] !== true);
  const gone = Object.keys(properties).filter((name) => !left.some(([other]) => other === name));
  if (gone.length === 0) return schema;
  const needed = Array.isArray(required) ? required.filter((name) => !gone.includes(String(name))) : undefined;
  return {
    ...schema,
    properties: Object.fromEntries(left),
    ...(needed === undefined ? {} : { required: needed }),
  };
}

/** OpenAPI 3.0 has a word of its own for a type that may be null. */
function orNull(schema: JsonSchema, { nullable }: JsonSchema): JsonSchema {
  if (nullable !== true) return schema;
  return typeof schema["type"] === "string"
    ? { ...schema, type: [schema["type"], "null"] }
    : { anyOf: [schema, { type: "null" }] };
}
