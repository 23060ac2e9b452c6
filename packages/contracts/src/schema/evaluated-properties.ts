import type { SchemaReader } from "./schema-reader.ts";
import { isObject } from "./subschemas.ts";

/** The properties that a schema and the schemas beside it speak of, for every value alike. */
export type EvaluatedProperties =
  | { readonly names: readonly string[]; readonly patterns: readonly string[] }
  /** They speak of all properties. */
  | "all"
  /** It depends on the value. */
  | "unknown";

/** What `unevaluatedProperties` in a schema leaves out. */
export function evaluatedProperties(reader: SchemaReader, schema: unknown): EvaluatedProperties {
  return evaluatedBy(reader, schema, new Set());
}

const depending = ["anyOf", "oneOf", "if", "dependentSchemas", "dependencies"];

function evaluatedBy(reader: SchemaReader, schema: unknown, seen: Set<unknown>): EvaluatedProperties {
  if (!isObject(schema) || seen.has(schema)) return { names: [], patterns: [] };
  seen.add(schema);
  if ("additionalProperties" in schema) return "all";
  if (depending.some((keyword) => keyword in schema)) return "unknown";
  const target = typeof schema["$ref"] === "string" ? reader.find(schema["$ref"])?.schema : undefined;
  const beside = [
    ...(Array.isArray(schema["allOf"]) ? schema["allOf"] : []),
    ...(target === undefined ? [] : [target]),
  ];
  const parts = beside.map((one) =>
    isObject(one) && "unevaluatedProperties" in one ? ("all" as const) : evaluatedBy(reader, one, seen),
  );
  if (parts.includes("unknown")) return "unknown";
  if (parts.includes("all")) return "all";
  const known = parts.filter((part) => typeof part === "object");
  return {
    names: [...namesOf(schema["properties"]), ...known.flatMap(({ names }) => names)],
    patterns: [...namesOf(schema["patternProperties"]), ...known.flatMap(({ patterns }) => patterns)],
  };
}

function namesOf(value: unknown): readonly string[] {
  return isObject(value) ? Object.keys(value) : [];
}
