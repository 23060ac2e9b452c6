import { subschemaKeywords } from "./subschema-keywords.ts";

const holdsSchemas: ReadonlySet<string> = new Set([...subschemaKeywords.one, ...subschemaKeywords.list]);
const namesSchemas: ReadonlySet<string> = new Set(subschemaKeywords.named);

/** A JSON Schema without the keywords that somebody has added under a prefix, such as `confluent:tags`: they say nothing about values. */
export function plainKeywords(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plainKeywords);
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword]) => !keyword.includes(":"))
      .map(([keyword, value]: [string, unknown]) => [keyword, plainValue(keyword, value)]),
  );
}

function plainValue(keyword: string, value: unknown): unknown {
  if (holdsSchemas.has(keyword)) return plainKeywords(value);
  if (!namesSchemas.has(keyword) || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]: [string, unknown]) => [
      name,
      Array.isArray(part) ? part : plainKeywords(part),
    ]),
  );
}
