import type { Violation } from "@polder/contracts";
import { knownNames, resolvesInside } from "./json-schema-names.ts";
import { subschemaKeywords } from "./subschema-keywords.ts";

/** How many problems of a schema are looked for. */
const PROBLEMS_MAX = 50;

type Check = (value: unknown) => string | undefined;

const typeNames = ["array", "boolean", "integer", "null", "number", "object", "string"];

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isSchema = (value: unknown): boolean => isObject(value) || typeof value === "boolean";
const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0;
const isText = (value: unknown): boolean => typeof value === "string";
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

const must = (holds: (value: unknown) => boolean, be: string): Check => {
  return (value) => (holds(value) ? undefined : `must be ${be}`);
};

const schema = must(isSchema, "a schema: an object, true or false");
const schemas = must((value) => Array.isArray(value) && value.every(isSchema), "a list of schemas");
const schemasByName = must(
  (value) => isObject(value) && Object.values(value).every(isSchema),
  "an object whose values are schemas",
);
const count = must(isCount, "a whole number from 0 on");
const number = must((value) => typeof value === "number", "a number");
const bound = must((value) => typeof value === "number" || typeof value === "boolean", "a number");
const text = must(isText, "a text");
const isTypeName = (value: unknown): boolean => isText(value) && typeNames.includes(String(value));

/** What the values of the keywords must be, drafts 04 to 2020-12. Any other keyword is an annotation, and may be anything. */
const keywords: Readonly<Record<string, Check>> = {
  $ref: text,
  $id: text,
  type: must(
    (value) => (Array.isArray(value) && value.length > 0 ? value.every(isTypeName) : isTypeName(value)),
    `one of ${typeNames.join(", ")}, or a list of them`,
  ),
  enum: must(Array.isArray, "a list of values"),
  required: must((value) => isTexts(value) || typeof value === "boolean", "a list of names"),
  properties: schemasByName,
  patternProperties: schemasByName,
  $defs: schemasByName,
  definitions: schemasByName,
  dependentSchemas: schemasByName,
  dependencies: must(
    (value) => isObject(value) && Object.values(value).every((one) => isSchema(one) || isTexts(one)),
    "an object whose values are schemas or lists of names",
  ),
  dependentRequired: must(
    (value) => isObject(value) && Object.values(value).every(isTexts),
    "an object whose values are lists of names",
  ),
  additionalProperties: schema,
  unevaluatedProperties: schema,
  propertyNames: schema,
  items: must(
    (value) => isSchema(value) || (Array.isArray(value) && value.every(isSchema)),
    "a schema, or a list of them",
  ),
  prefixItems: schemas,
  additionalItems: schema,
  unevaluatedItems: schema,
  contains: schema,
  allOf: schemas,
  anyOf: schemas,
  oneOf: schemas,
  not: schema,
  if: schema,
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: schema,
  else: schema,
  minLength: count,
  maxLength: count,
  minItems: count,
  maxItems: count,
  minProperties: count,
  maxProperties: count,
  minContains: count,
  maxContains: count,
  minimum: number,
  maximum: number,
  exclusiveMinimum: bound,
  exclusiveMaximum: bound,
  multipleOf: must((value) => typeof value === "number" && value > 0, "a number above 0"),
  uniqueItems: must((value) => typeof value === "boolean", "true or false"),
  pattern: text,
  format: text,
};

/**
 * What is wrong with a JSON Schema, with JSON Pointers: values that a keyword cannot have, and references that lead
 * nowhere. Patterns are never run. `references` are the names under which other schemas are registered for it.
 */
export function jsonSchemaProblems(root: unknown, references: readonly string[]): readonly Violation[] {
  if (!isSchema(root)) return [{ pointer: "", problem: "must be an object, true or false" }];
  const names = knownNames(root, references);
  const problems: Violation[] = [];
  const waiting: { readonly value: unknown; readonly pointer: string; readonly base: string }[] = [
    { value: root, pointer: "", base: "" },
  ];
  for (let next = waiting.pop(); next !== undefined && problems.length < PROBLEMS_MAX; next = waiting.pop()) {
    const { value, pointer, base } = next;
    if (!isObject(value)) continue;
    for (const [keyword, part] of Object.entries(value)) {
      const problem = Object.hasOwn(keywords, keyword) ? keywords[keyword]?.(part) : undefined;
      if (problem !== undefined) problems.push({ pointer: below(pointer, keyword), problem });
    }
    const id = names.baseOf(value, base);
    const { $ref } = value;
    if (typeof $ref === "string" && !resolvesInside(root, names, $ref, id)) problems.push(unresolved(pointer, $ref));
    waiting.push(...innerSchemas(value).map(([path, part]) => ({ value: part, pointer: pointer + path, base: id })));
  }
  return problems;
}

function unresolved(pointer: string, ref: string): Violation {
  const isRemote = /^[a-z][a-z0-9+.-]*:/i.test(ref);
  const why = isRemote
    ? "leads to another document, and the registry fetches none; register that schema and name it in references"
    : "leads nowhere; name a place of this schema, such as #/$defs/name, or a schema of references";
  return { pointer: below(pointer, "$ref"), problem: `${JSON.stringify(ref.slice(0, 200))} ${why}` };
}

function innerSchemas(value: Readonly<Record<string, unknown>>): readonly (readonly [path: string, part: unknown])[] {
  return [
    ...subschemaKeywords.one
      .filter((keyword) => isSchema(value[keyword]))
      .map((keyword) => [`/${keyword}`, value[keyword]] as const),
    ...subschemaKeywords.list.flatMap((keyword) => {
      const list = value[keyword];
      return Array.isArray(list) ? list.map((part, at) => [`/${keyword}/${at}`, part] as const) : [];
    }),
    ...subschemaKeywords.named.flatMap((keyword) => {
      const named = value[keyword];
      return isObject(named)
        ? Object.entries(named).map(([name, part]) => [below(`/${keyword}`, name), part] as const)
        : [];
    }),
  ];
}

function below(pointer: string, token: string): string {
  return `${pointer}/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
