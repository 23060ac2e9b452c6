import type { JsonSchema } from "./schema.ts";

/** The schema of a field of an object, or nothing where the object has none of that name; the object may be a part of `root`. */
export function fieldOf(schema: JsonSchema, name: string, root: JsonSchema = schema): JsonSchema | undefined {
  const fields = (schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>;
  return Object.hasOwn(fields, name) ? named(fields[name], root) : undefined;
}

/** The schema of what a field lists, or nothing where it is no list. */
export function itemOf(schema: JsonSchema, name: string): JsonSchema | undefined {
  const list = fieldOf(schema, name);
  return list?.["type"] === "array" ? named(list["items"] as JsonSchema | undefined, schema) : undefined;
}

/** The names of an object's fields. */
export function fieldNames({ properties = {} }: JsonSchema): readonly string[] {
  return Object.keys(properties as object);
}

/** The names of the fields that an object must have. */
export function requiredFields({ required = [] }: JsonSchema): readonly string[] {
  return required as readonly string[];
}

/** Libraries give a schema that has a name a place of its own, and point there. */
function named(schema: JsonSchema | undefined, root: JsonSchema): JsonSchema | undefined {
  const [, name] = /^#\/\$defs\/([^/]+)$/.exec(String(schema?.["$ref"] ?? "")) ?? [];
  return name === undefined ? schema : (root["$defs"] as Readonly<Record<string, JsonSchema>> | undefined)?.[name];
}
