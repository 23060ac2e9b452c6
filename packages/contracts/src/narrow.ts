import { type AnySchema, type JsonSchema, jsonSchemaOf } from "@polder/model";
import { acceptsOpened } from "./validator.ts";

/** Leaves out what a version does not know. */
export type Narrow = (value: unknown) => unknown;

/** How deep a value is looked into at most; what lies deeper stays as it is. */
const DEPTH_MAX = 100;

/**
 * Makes the one who leaves out of a value the fields that a schema does not name: a value of a newer minor version, as
 * the older one wrote it. It copies what it changes.
 */
export function narrowTo(schema: AnySchema): Narrow {
  const root = jsonSchemaOf(schema, "output");
  return (value) => narrowed(value, { root, schema: root, depth: 0 });
}

interface Place {
  readonly root: JsonSchema;
  readonly schema: JsonSchema;
  readonly depth: number;
}

function narrowed(value: unknown, place: Place): unknown {
  if (typeof value !== "object" || value === null || place.depth > DEPTH_MAX) return value;
  const schemas = schemasFor(value, place);
  const depth = place.depth + 1;
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) =>
      schemas.reduce((kept, schema) => {
        const prefix = (schema["prefixItems"] as readonly JsonSchema[] | undefined)?.[index] ?? schema["items"];
        return isObject(prefix) ? narrowed(kept, { root: place.root, schema: prefix, depth }) : kept;
      }, item),
    );
  }
  const properties = Object.assign({}, ...schemas.map((schema) => schema["properties"] ?? {})) as Record<
    string,
    JsonSchema
  >;
  const others = schemas
    .map((schema) => schema["additionalProperties"])
    .find((additional) => additional !== undefined && additional !== false);
  const isNamed = schemas.some((schema) => "properties" in schema);
  const kept = Object.entries(value)
    .filter(([name]) => !isNamed || others !== undefined || Object.hasOwn(properties, name))
    .map(([name, field]): [string, unknown] => {
      const schema = Object.hasOwn(properties, name) ? properties[name] : others;
      return [name, isObject(schema) ? narrowed(field, { root: place.root, schema, depth }) : field];
    });
  return Object.fromEntries(kept);
}

/** The schemas that say something of a value's fields: itself, those that it refers to, and of variants the one that fits. */
function schemasFor(value: unknown, { root, schema, depth }: Place): readonly JsonSchema[] {
  if (depth > DEPTH_MAX) return [];
  const within = (part: JsonSchema): readonly JsonSchema[] =>
    schemasFor(value, { root, schema: part, depth: depth + 1 });
  const reference = schema["$ref"];
  const referred = typeof reference === "string" ? resolved(root, reference) : undefined;
  const variants = [...list(schema["anyOf"]), ...list(schema["oneOf"])];
  const fitting = variants.find((variant) => acceptsOpened({ root, schema: variant }, value));
  return [
    schema,
    ...(referred === undefined ? [] : within(referred)),
    ...list(schema["allOf"]).flatMap(within),
    ...(fitting === undefined ? [] : within(fitting)),
  ];
}

function resolved(root: JsonSchema, reference: string): JsonSchema | undefined {
  if (!reference.startsWith("#")) return undefined;
  let found: unknown = root;
  for (const token of reference
    .slice(1)
    .split("/")
    .filter((part) => part !== "")) {
    found = isObject(found) ? found[token.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
  }
  return isObject(found) ? found : undefined;
}

function list(schemas: unknown): readonly JsonSchema[] {
  return Array.isArray(schemas) ? schemas.filter(isObject) : [];
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
