import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";

/**
 * A schema of any library that speaks Standard Schema and Standard JSON Schema (Zod from 4.2,
 * ArkType, Valibot with its wrapper). What it describes must be writable as JSON Schema: a contract
 * travels as JSON.
 */
export interface Schema<Input = unknown, Output = Input> {
  readonly "~standard": StandardSchemaV1.Props<Input, Output> & StandardJSONSchemaV1.Props<Input, Output>;
}

/** A schema whose types do not matter here. */
// biome-ignore lint/suspicious/noExplicitAny: the types of a schema are invariant, `unknown` would refuse every real one
export type AnySchema = Schema<any, any>;

/** What a writer hands in: fields with a default may be left out. */
export type SchemaInput<S> = S extends Schema<infer Input, infer _Output> ? Input : never;

/** What a reader gets: defaults are filled in. */
export type SchemaOutput<S> = S extends Schema<infer _Input, infer Output> ? Output : never;

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Which side of a schema: what may be handed in, or what comes out. */
export type SchemaSide = "input" | "output";

/**
 * The JSON Schema (draft 2020-12) of one side of a schema.
 *
 * @throws whatever the schema's library throws where a type cannot be written as JSON Schema, such
 * as a date, a bigint, or a transformation's output.
 */
export function jsonSchemaOf(schema: AnySchema, side: SchemaSide): JsonSchema {
  return schema["~standard"].jsonSchema[side]({ target: "draft-2020-12" });
}

/** Says whether a value is a schema that can describe a contract. */
export function isSchema(value: unknown): value is AnySchema {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  const standard: unknown = Reflect.get(value, "~standard");
  return typeof standard === "object" && standard !== null && "validate" in standard && "jsonSchema" in standard;
}

/** Says whether a JSON Schema is of single values: texts, numbers, or true and false. */
export function isScalar(schema: JsonSchema | undefined): boolean {
  if (schema === undefined) return false;
  if (Array.isArray(schema["enum"]) || "const" in schema) return true;
  return ["string", "number", "integer", "boolean"].includes(String(schema["type"]));
}
