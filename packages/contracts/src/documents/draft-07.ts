import type { JsonSchema } from "@polder/model";
import { mapSubschemas } from "../schema/subschemas.ts";

/**
 * A JSON Schema of draft 2020-12 as draft-07 says it, for tools that read nothing newer: `definitions`, lists of
 * `items`, `dependencies`. What draft-07 cannot say is left out, so that the schema takes more, never less:
 * `unevaluatedProperties`, `unevaluatedItems`, bounds of `contains`.
 */
export function asDraft07(schema: JsonSchema): JsonSchema {
  const mapped = mapSubschemas(schema, asDraft07);
  const entries = Object.entries(mapped).flatMap(([keyword, value]) => renamed(keyword, value, mapped));
  const { $ref, ...others } = mergedDependencies(entries);
  if ($ref === undefined) return others;
  const ref = { $ref: String($ref).replaceAll("/$defs/", "/definitions/") };
  // In draft-07 whatever stands beside a reference is passed over.
  const { definitions, $schema, $id, ...beside } = others;
  const around = withoutMissing({ $schema, $id, definitions });
  return Object.keys(beside).length === 0
    ? { ...around, ...ref }
    : { ...around, ...beside, allOf: [ref, ...allOf(beside)] };
}

function renamed(keyword: string, value: unknown, { prefixItems }: JsonSchema): readonly [string, unknown][] {
  if (left.has(keyword)) return [];
  if (keyword === "$defs") return [["definitions", value]];
  if (keyword === "prefixItems") return [["items", value]];
  if (keyword === "items" && prefixItems !== undefined) return [["additionalItems", value]];
  if (keyword === "dependentRequired" || keyword === "dependentSchemas") return [["dependencies", value]];
  return [[keyword, value]];
}

const left = new Set(["unevaluatedProperties", "unevaluatedItems", "minContains", "maxContains"]);

function mergedDependencies(entries: readonly (readonly [string, unknown])[]): JsonSchema {
  const dependencies = entries.filter(([keyword]) => keyword === "dependencies").map(([, value]) => value as object);
  const others = Object.fromEntries(entries.filter(([keyword]) => keyword !== "dependencies"));
  return dependencies.length === 0 ? others : { ...others, dependencies: Object.assign({}, ...dependencies) as object };
}

function allOf({ allOf: some }: JsonSchema): readonly unknown[] {
  return Array.isArray(some) ? some : [];
}

function withoutMissing(fields: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
