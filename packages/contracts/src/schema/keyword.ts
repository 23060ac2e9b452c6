import { isObject } from "./subschemas.ts";

/** What is wrong with the value of a keyword, if anything. */
type Check = (value: unknown) => string | undefined;

const count: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : "must be a whole number from 0";
const number: Check = (value) => (Number.isFinite(value) ? undefined : "must be a number");
const positive: Check = (value) => (Number.isFinite(value) && (value as number) > 0 ? undefined : "must be above 0");
const flag: Check = (value) => (typeof value === "boolean" ? undefined : "must be true or false");
const text: Check = (value) => (typeof value === "string" ? undefined : "must be a text");
const anyValue: Check = () => undefined;
const schema: Check = (value) =>
  isObject(value) || typeof value === "boolean" ? undefined : "must be a schema: an object, true or false";
const schemas: Check = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((one) => schema(one) === undefined)
    ? undefined
    : "must be a list of schemas, and not an empty one";
const schemaOrSchemas: Check = (value) =>
  schema(value) === undefined || (Array.isArray(value) && value.every((one) => schema(one) === undefined))
    ? undefined
    : "must be a schema, or a list of schemas";
const namedSchemas: Check = (value) =>
  isObject(value) && Object.values(value).every((one) => schema(one) === undefined)
    ? undefined
    : "must be an object of schemas";
const names: Check = (value) =>
  Array.isArray(value) && value.every((one) => typeof one === "string") ? undefined : "must be a list of names";
const namesByName: Check = (value) =>
  isObject(value) && Object.values(value).every((one) => names(one) === undefined)
    ? undefined
    : "must be an object of lists of names";
const dependencies: Check = (value) =>
  isObject(value) && Object.values(value).every((one) => names(one) === undefined || schema(one) === undefined)
    ? undefined
    : "must be an object of schemas and lists of names";
const values: Check = (value) => (Array.isArray(value) && value.length > 0 ? undefined : "must be a list of values");

const typeNames = ["null", "boolean", "number", "integer", "string", "array", "object"];
const types: Check = (value) => {
  const some = Array.isArray(value) ? value : [value];
  return some.length > 0 && some.every((one) => typeNames.includes(one as string))
    ? undefined
    : `must be one of ${typeNames.join(", ")}, or a list of them`;
};

const pattern: Check = (value) => {
  if (typeof value !== "string") return "must be a text";
  try {
    new RegExp(value, "u");
    return undefined;
  } catch (error) {
    return `is no regular expression: ${error instanceof Error ? error.message : String(error)}`;
  }
};
/** Patterns for names in one schema, at most: every name is tried with each of them. */
const PATTERNS_MAX = 100;

const patternSchemas: Check = (value) => {
  const problem = namedSchemas(value);
  if (problem !== undefined) return problem;
  const sources = Object.keys(value as object);
  if (sources.length > PATTERNS_MAX) return `has ${sources.length} patterns, more than the ${PATTERNS_MAX} that may be`;
  return sources.map(pattern).find((one) => one !== undefined);
};

/** Every keyword of draft-07 and 2020-12 that is read, with what its value must be. */
const keywords = new Map<string, Check>([
  ...["minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains"].map(entry(count)),
  ...["minProperties", "maxProperties"].map(entry(count)),
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"].map(entry(number)),
  ...["uniqueItems", "deprecated", "readOnly", "writeOnly"].map(entry(flag)),
  ...["format", "$ref", "$id", "$schema", "$anchor", "$comment", "title", "description"].map(entry(text)),
  ...["contentEncoding", "contentMediaType"].map(entry(text)),
  ...["additionalItems", "additionalProperties", "contains", "not", "if", "then", "else"].map(entry(schema)),
  ...["propertyNames", "unevaluatedProperties", "unevaluatedItems", "contentSchema"].map(entry(schema)),
  ...["allOf", "anyOf", "oneOf", "prefixItems"].map(entry(schemas)),
  ...["properties", "$defs", "definitions", "dependentSchemas"].map(entry(namedSchemas)),
  ...["const", "default", "examples"].map(entry(anyValue)),
  ["multipleOf", positive],
  ["type", types],
  ["enum", values],
  ["required", names],
  ["dependentRequired", namesByName],
  ["dependencies", dependencies],
  ["items", schemaOrSchemas],
  ["pattern", pattern],
  ["patternProperties", patternSchemas],
]);

/** What is wrong with a keyword or its value, if anything. Keywords that begin with `x-` mean nothing to validators. */
export function keywordProblem(keyword: string, value: unknown): string | undefined {
  if (keyword.startsWith("x-")) return undefined;
  const check = keywords.get(keyword);
  return check === undefined
    ? "is no keyword of draft-07 or 2020-12 that can be compared; begin keywords of your own with x-"
    : check(value);
}

function entry(check: Check): (keyword: string) => [string, Check] {
  return (keyword) => [keyword, check];
}
