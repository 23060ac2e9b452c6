import type { Violation } from "@polder/contracts";
import { type JsonSchema, jsonSchemaOf, type Operation, pathParameters } from "@polder/model";

/** Characters that path and query together have at most: what proxies and servers take without asking. */
export const URL_LENGTH_MAX = 8_000;

/** How the input of an operation is written into a URL. */
export interface UrlFields {
  /** The names in the path, in order. */
  readonly path: readonly string[];
  /** Whether all other fields stand in the query string; a command has them in its body. */
  readonly isQuery: boolean;
  /** The JSON Schema of each field. */
  readonly schemas: ReadonlyMap<string, JsonSchema>;
  /** The fields that must be there. */
  readonly required: ReadonlySet<string>;
}

const known = new WeakMap<Operation, UrlFields>();

/** How the input of an operation is written into a URL; worked out once for each operation. */
export function urlFieldsOf(declared: Operation): UrlFields {
  const found = known.get(declared);
  if (found !== undefined) return found;
  const schema = jsonSchemaOf(declared.input, "input");
  const fields: UrlFields = {
    path: pathParameters(declared.path),
    isQuery: declared.method === "GET",
    schemas: new Map(Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>)),
    required: new Set((schema["required"] ?? []) as readonly string[]),
  };
  known.set(declared, fields);
  return fields;
}

/** An input as it is sent: path and query, and the fields that are left for the body. */
export interface WrittenInput {
  /** Below the API's version, with the query string: `/availability/a%2Fb?minimum=2`. */
  readonly url: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Writes an input that is as its contract says, and of which {@link urlViolations} has nothing to say. */
export function writeInput(declared: Operation, input: Readonly<Record<string, unknown>>): WrittenInput {
  const { path, isQuery } = urlFieldsOf(declared);
  const filled = declared.path.replaceAll(/:([A-Za-z][A-Za-z0-9]*)/g, (_, name: string) => encode(input[name]));
  const rest = Object.entries(input).filter(([name]) => !path.includes(name));
  if (!isQuery) return { url: filled, body: Object.fromEntries(rest) };
  const pairs = rest.flatMap(([name, value]) => {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.map((one) => `${encode(name)}=${encode(one)}`);
  });
  return { url: pairs.length === 0 ? filled : `${filled}?${pairs.join("&")}`, body: {} };
}

/**
 * What keeps an input from being written into a URL, whatever its contract says of it. Both sides of
 * a call hold to it, and calls inside one process as well: what works there works over the wire.
 */
export function urlViolations(declared: Operation, input: unknown): readonly Violation[] {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return [];
  const { path, isQuery, required } = urlFieldsOf(declared);
  const fields = Object.entries(input).filter(([name]) => isQuery || path.includes(name));
  const violations = fields.flatMap(([name, value]): readonly Violation[] => {
    const problem = path.includes(name) ? pathProblem(value) : queryProblem(value, { isRequired: required.has(name) });
    return problem === undefined ? [] : [{ pointer: pointerTo(name), problem }];
  });
  if (violations.length > 0 || !fields.every(([, value]) => isWritable(value))) return violations;
  const { url } = writeInput(declared, Object.fromEntries(fields));
  if (url.length <= URL_LENGTH_MAX) return [];
  const advice = isQuery ? "ask for less at once, or declare a command, whose input travels in the body" : "shorten it";
  return [
    { pointer: "", problem: `makes a URL of ${url.length} characters; ${URL_LENGTH_MAX} are allowed: ${advice}` },
  ];
}

/**
 * How many values of a list fit into the URL of a query, beside what else is asked for: so many of the longest of them.
 * At least one, which may still be too long by itself.
 */
export function valuesThatFit(
  declared: Operation,
  input: Readonly<Record<string, unknown>>,
  { field, values }: { readonly field: string; readonly values: readonly unknown[] },
): number {
  const { url } = writeInput(declared, { ...input, [field]: [] });
  const around = `&${encode(field)}=`.length;
  const longest = values.reduce<number>((most, value) => Math.max(most, around + encodedLength(String(value))), 1);
  return Math.max(1, Math.floor((URL_LENGTH_MAX - url.length) / longest));
}

/** Texts that are written as they are; most keys are. */
const plainText = /^[\w.~-]*$/;

/** Half a surrogate pair cannot be written at all; whoever sends it is told so. */
function encodedLength(text: string): number {
  return plainText.test(text) ? text.length : encode(text.toWellFormed()).length;
}

/** The JSON Pointer (RFC 6901) to a field of the input. */
export function pointerTo(field: string): string {
  return `/${field.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

const surrogate = "has half a surrogate pair, which cannot be written into a URL";

function pathProblem(value: unknown): string | undefined {
  // A URL loses such a segment, or takes it for a step upward (WHATWG URL, path state).
  if (value === "" || value === "." || value === "..") return `${JSON.stringify(value)} cannot stand in a path`;
  return typeof value === "string" && !value.isWellFormed() ? surrogate : undefined;
}

function queryProblem(value: unknown, { isRequired }: { readonly isRequired: boolean }): string | undefined {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  // A list that is not in the query string is an empty one, but where it may be left out it is left out.
  if (values.length === 0 && !isRequired) return "is an empty list, which cannot be written into a URL: leave it out";
  return values.some((one) => typeof one === "string" && !one.isWellFormed()) ? surrogate : undefined;
}

function isWritable(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((one) => typeof one !== "object" || one === null);
  return typeof value !== "object" || value === null;
}

function encode(value: unknown): string {
  return encodeURIComponent(String(value));
}
