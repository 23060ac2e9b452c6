import { isVersion, pathParameters } from "@polder/model";
import type { ContractDocument } from "../document/contract-document.ts";
import { contractErrors } from "../errors.ts";
import { measureSchema } from "../schema/measure-schema.ts";
import { isObject } from "../schema/subschemas.ts";
import { canonicalJson } from "./canonical-json.ts";

/** Bytes of a frozen file that are read at most: 5 MiB. */
const FROZEN_BYTES_MAX = 5_242_880;

/** Levels of a frozen file: those of a schema, and the few around it. */
const FROZEN_DEPTH_MAX = 110;

/** The place of a frozen version in a domain's `contracts/`: `inventory.StockReserved/1.0.0.json`. */
export function frozenPath({ name, version }: Pick<ContractDocument, "name" | "version">): string {
  return `${name}/${version}.json`;
}

/** The text of a frozen version: the same for the same content. */
export function frozenText(document: ContractDocument): string {
  return canonicalJson(document);
}

/** Says whether two documents have the same content. */
export function isSameDocument(a: ContractDocument, b: ContractDocument): boolean {
  return frozenText(a) === frozenText(b);
}

/**
 * Reads a frozen version.
 *
 * @param place where the text comes from, for the error's message
 * @param path its place in `contracts/`, with slashes, which has to be that of the version that it says it is; without
 * one it may stand anywhere
 * @throws `FROZEN_UNREADABLE` with all that is wrong with it.
 */
export function readFrozen(text: string, place: string, path?: string): ContractDocument {
  if (Buffer.byteLength(text) > FROZEN_BYTES_MAX)
    throw unreadable(place, [`it has more than ${FROZEN_BYTES_MAX} bytes`]);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unreadable(place, [cause instanceof Error ? cause.message : String(cause)], cause);
  }
  const tooDeep = measureSchema(value, { sizeMax: Number.POSITIVE_INFINITY, depthMax: FROZEN_DEPTH_MAX });
  if (tooDeep !== undefined) throw unreadable(place, [`${tooDeep.pointer} ${tooDeep.problem}`]);
  const problems = documentProblems(value);
  if (problems.length > 0) throw unreadable(place, problems);
  const document = value as ContractDocument;
  const own = frozenPath(document);
  if (path === undefined || path === own) return document;
  throw unreadable(place, [`it says that it is ${document.name} ${document.version}, whose place is contracts/${own}`]);
}

/** What is wrong with something that should be the document of a contract. */
export function documentProblems(value: unknown): readonly string[] {
  if (!isObject(value)) return ["it is no JSON object"];
  const { kind, name, version } = value;
  const problems = [
    ...(kind === "api" || kind === "event" ? [] : ['/kind is neither "api" nor "event"']),
    ...(typeof name === "string" && name !== "" ? [] : ["/name is no name of a contract"]),
    ...(typeof version === "string" && isVersion(version) ? [] : ["/version is no version such as 1.0.0"]),
  ];
  if (kind === "event") return [...problems, ...eventProblems(value)];
  if (kind !== "api") return problems;
  const { operations } = value;
  if (!isObject(operations)) return [...problems, "/operations is no object"];
  const broken = Object.entries(operations).flatMap(([operation, found]) => operationProblems(operation, found));
  return [...problems, ...broken];
}

function eventProblems({ key, schema }: Readonly<Record<string, unknown>>): readonly string[] {
  return [
    ...(typeof key === "string" ? [] : ["/key is no name of a field"]),
    ...(isObject(schema) ? [] : ["/schema is no JSON Schema"]),
  ];
}

const methods = new Set<unknown>(["GET", "POST", "PUT", "PATCH", "DELETE"]);

function operationProblems(name: string, operation: unknown): readonly string[] {
  const place = `/operations/${name}`;
  if (!isObject(operation)) return [`${place} is no object`];
  const { kind, method, path, input, output, refusals } = operation;
  return [
    ...(kind === "query" || kind === "command" ? [] : [`${place}/kind is neither "query" nor "command"`]),
    ...(methods.has(method) ? [] : [`${place}/method is no method of an operation`]),
    ...(typeof path === "string" && path.startsWith("/")
      ? parameterProblems(place, path, input)
      : [`${place}/path is no path`]),
    ...(isObject(input) ? [] : [`${place}/input is no JSON Schema`]),
    ...(isObject(output) ? [] : [`${place}/output is no JSON Schema`]),
    ...(isObject(refusals) && Object.values(refusals).every(isObject)
      ? []
      : [`${place}/refusals has no schemas by name`]),
    ...wayProblems(operation, ["batch", ["keys", "items", "key"]], place),
    ...wayProblems(operation, ["pages", ["after", "items", "next"]], place),
  ];
}

function wayProblems(
  operation: Readonly<Record<string, unknown>>,
  [way, fields]: readonly [way: string, fields: readonly string[]],
  place: string,
): readonly string[] {
  const said = operation[way];
  if (said === undefined || (isObject(said) && fields.every((field) => typeof said[field] === "string"))) return [];
  return [`${place}/${way} does not name ${fields.join(", ")}`];
}

function parameterProblems(place: string, path: string, input: unknown): readonly string[] {
  const properties = isObject(input) && isObject(input["properties"]) ? input["properties"] : {};
  const missing = pathParameters(path).filter((parameter) => !Object.hasOwn(properties, parameter));
  return missing.map((parameter) => `${place}/path names ":${parameter}", which the input does not have`);
}

function unreadable(place: string, problems: readonly string[], cause?: unknown): Error {
  return contractErrors.FROZEN_UNREADABLE(
    `${place} is no frozen contract: ${problems.join("; ")}. Take it back from the version control; files like it are written by "polder contracts freeze" and never by hand.`,
    { place, problems },
    { cause },
  );
}
