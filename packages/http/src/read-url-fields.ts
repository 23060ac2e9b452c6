import type { Violation } from "@polder/contracts";
import type { JsonSchema, Operation } from "@polder/model";
import type { Route } from "./operation-table.ts";
import { pointerTo, urlFieldsOf } from "./url-fields.ts";

/** The fields that a URL names, and what cannot be read of them. */
export interface ReadFields {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly violations: readonly Violation[];
}

/**
 * Reads the fields of a path that matches the route's, as the types that the contract gives them.
 * What cannot be read as its type stays text, so that validation names it.
 */
export function readPathFields(route: Pick<Route, "declared" | "path">, path: string): ReadFields {
  const { schemas } = urlFieldsOf(route.declared);
  const segments = path.split("/");
  const violations: Violation[] = [];
  const entries = route.path.split("/").flatMap((part, index): [string, unknown][] => {
    if (!part.startsWith(":")) return [];
    const name = part.slice(1);
    const text = decode(segments[index] ?? "");
    if (text === undefined) violations.push({ pointer: pointerTo(name), problem: undecodable });
    return [[name, readScalar(schemas.get(name), text ?? "")]];
  });
  return { fields: Object.fromEntries(entries), violations };
}

/**
 * Reads the fields of a query string (without its question mark). A field that stands there several
 * times is a list; so is one that the contract says to be one. Fields that it does not know are read
 * as text, so that validation names them.
 */
export function readQueryFields(declared: Operation, query: string): ReadFields {
  const { schemas, required } = urlFieldsOf(declared);
  const texts = new Map<string, string[]>();
  const violations: Violation[] = [];
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const at = pair.includes("=") ? pair.indexOf("=") : pair.length;
    const name = decode(pair.slice(0, at), { plusIsBlank: true });
    const text = decode(pair.slice(at + 1), { plusIsBlank: true });
    if (name === undefined) violations.push({ pointer: "", problem: `a name in the query string ${undecodable}` });
    else if (text === undefined) violations.push({ pointer: pointerTo(name), problem: undecodable });
    else if (texts.has(name)) texts.get(name)?.push(text);
    else texts.set(name, [text]);
  }
  const entries = [...texts].map(([name, values]): [string, unknown] => [name, readField(schemas.get(name), values)]);
  const emptyLists = [...schemas].filter(([name, schema]) => isList(schema) && required.has(name) && !texts.has(name));
  return { fields: Object.fromEntries([...entries, ...emptyLists.map(([name]) => [name, []])]), violations };
}

const undecodable = "is not UTF-8 in percent-encoding (RFC 3986, section 2.1)";

function decode(text: string, { plusIsBlank = false } = {}): string | undefined {
  try {
    return decodeURIComponent(plusIsBlank ? text.replaceAll("+", " ") : text);
  } catch {
    return undefined;
  }
}

function readField(schema: JsonSchema | undefined, values: readonly string[]): unknown {
  const item = isList(schema) ? (schema?.["items"] as JsonSchema | undefined) : schema;
  const read = values.map((text) => readScalar(item, text));
  return isList(schema) || read.length > 1 ? read : read[0];
}

function isList(schema: JsonSchema | undefined): boolean {
  return schema?.["type"] === "array";
}

/** A number as JSON writes it (RFC 8259, section 6): "0x1f", "1e999" and " 1" are none. */
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function readScalar(schema: JsonSchema | undefined, text: string): unknown {
  const choices = "const" in (schema ?? {}) ? [schema?.["const"]] : schema?.["enum"];
  if (Array.isArray(choices)) {
    // The choice itself may be null.
    const index = choices.findIndex((choice) => String(choice) === text);
    return index === -1 ? text : choices[index];
  }
  const type = schema?.["type"];
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  if ((type === "number" || type === "integer") && number.test(text) && Number.isFinite(Number(text)))
    return Number(text);
  return text;
}
