import type { JsonSchema } from "@polder/model";
import { LINE_LENGTH_MAX } from "./insert.ts";

const formats: Readonly<Record<string, string>> = {
  uuid: "00000000-0000-4000-8000-000000000000",
  email: "someone@example.org",
  uri: "https://example.org",
  date: "2030-01-31",
  time: "12:00:00Z",
  "date-time": "2030-01-31T12:00:00Z",
};

/** A value that a JSON Schema allows, as far as its types, formats and bounds say; patterns are not looked at. */
export function exampleValue(schema: JsonSchema): unknown {
  if ("const" in schema) return schema["const"];
  if (Array.isArray(schema["enum"])) return schema["enum"][0];
  if ("default" in schema) return schema["default"];
  const [choice] = (schema["anyOf"] ?? schema["oneOf"] ?? []) as readonly JsonSchema[];
  if (choice !== undefined) return exampleValue(choice);
  const type: unknown = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  switch (type) {
    case "string":
      return (
        formats[String(schema["format"])] ??
        "example".padEnd(Number(schema["minLength"] ?? 0), "-").slice(0, Number(schema["maxLength"] ?? 1_000))
      );
    case "integer":
    case "number":
      return lowest(schema);
    case "boolean":
      return true;
    case "array":
      return Array.from({ length: Number(schema["minItems"] ?? 0) }, () =>
        exampleValue((schema["items"] ?? {}) as JsonSchema),
      );
    case "object":
      return exampleObject(schema);
    default:
      return null;
  }
}

function exampleObject(schema: JsonSchema): object {
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const required = (schema["required"] ?? []) as readonly string[];
  return Object.fromEntries(required.map((name) => [name, exampleValue(properties[name] ?? {})]));
}

function lowest(schema: JsonSchema): number {
  const above = Number(schema["exclusiveMinimum"] ?? Number.NEGATIVE_INFINITY);
  const from = Math.max(Number(schema["minimum"] ?? Number.NEGATIVE_INFINITY), above + 1);
  // Whole numbers may have the bounds of what a number can hold exactly.
  return from > -1e15 ? Math.ceil(from) : 1;
}

/** A value as code writes it: on one line, names without quotes where they need none. */
export function codeOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(codeOf).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = fieldsOf(value);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

/** The name of a field as code writes it in an object. */
export function keyCode(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** An object amid a line of code: on that line where it fits, else a field a line. */
export function objectBetween(before: string, fields: readonly string[], after: string): string {
  const line = `${before}${fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`}${after}`;
  if (line.length <= LINE_LENGTH_MAX) return line;
  const indent = /^ */.exec(before)?.[0] ?? "";
  return `${before}{\n${fields.map((field) => `${indent}  ${field},\n`).join("")}${indent}}${after}`;
}

/** The fields of an object as code. */
export function fieldsOf(value: object): readonly string[] {
  return Object.entries(value).map(([name, field]) => `${keyCode(name)}: ${codeOf(field)}`);
}
