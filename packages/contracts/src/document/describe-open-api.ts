import { isVersion, type JsonSchema, type Operation, type Version } from "@polder/model";
import { contractErrors } from "../errors.ts";
import { measureSchema } from "../schema/measure-schema.ts";
import { isObject } from "../schema/subschemas.ts";
import type { ApiDocument, OperationDocument } from "./contract-document.ts";
import { type OpenApiPart, type OpenApiReading, resolvePart } from "./open-api-reading.ts";
import { type OpenApiRole, openApiSchema } from "./open-api-schema.ts";

const methods = ["get", "post", "put", "patch", "delete"] as const;

/** Headers that OpenAPI has other words for, so that it ignores them as parameters. */
const ownHeaders = new Set(["accept", "authorization", "content-type"]);

/** Characters of a document, roughly, and its levels: those of a schema, and the few around it. */
const DOCUMENT_SIZE_MAX = 33_554_432;
const DOCUMENT_DEPTH_MAX = 110;

/** Problems that a message names at most. */
const PROBLEMS_MAX = 20;

/**
 * An OpenAPI document (3.0 or 3.1) as the document of an API, so that it can be compared with an earlier one: for
 * services that Polder does not run. Operations have the name of their `operationId`, or their method and path. The input
 * has the parameters of path and query by their names, those of headers and cookies as `header:…` and `cookie:…`, and
 * the JSON body as `body`. Answers are those of the first 2xx status, refusals the JSON bodies of 4xx statuses and of
 * `default`. Links, callbacks, webhooks, headers of answers and bodies that are no JSON are left out.
 *
 * @param place where the document comes from, for the error's message
 * @throws `OPEN_API_UNREADABLE` with all that is in the way.
 */
export function describeOpenApi(document: unknown, place: string): ApiDocument {
  if (!isObject(document) || !/^3\.[01](?:\.|$)/.test(String(document["openapi"])))
    throw unreadable(place, ["/openapi does not say 3.0 or 3.1"]);
  const tooLarge = measureSchema(document, { sizeMax: DOCUMENT_SIZE_MAX, depthMax: DOCUMENT_DEPTH_MAX });
  if (tooLarge !== undefined) throw unreadable(place, [`${tooLarge.pointer} ${tooLarge.problem}`]);
  const read: OpenApiReading = { document, problems: [] };
  const { info, paths = {} } = document;
  const operations = Object.entries(isObject(paths) ? paths : {}).flatMap(([path, item]) =>
    operationsOf(read, path, resolvePart(read, item, pointerTo("paths", path))),
  );
  const names = operations.map(([name]) => name);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  const problems = [...new Set(read.problems), ...[...twice].map((name) => `the operationId "${name}" stands twice`)];
  if (problems.length > 0) throw unreadable(place, problems);
  const { title, version } = isObject(info) ? info : {};
  return {
    kind: "api",
    name: typeof title === "string" && title !== "" ? title : "api",
    version: versionOf(version),
    operations: Object.fromEntries(operations),
  };
}

/** Services count in many ways; what is no semantic version is filled up, or taken for the first one. */
function versionOf(text: unknown): Version {
  const [major = "1", minor = "0", patch = "0"] = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(String(text))?.slice(1) ?? [];
  const version = `${Number(major)}.${Number(minor)}.${Number(patch)}`;
  return isVersion(version) ? version : "1.0.0";
}

function operationsOf(
  read: OpenApiReading,
  template: string,
  item: OpenApiPart | undefined,
): readonly (readonly [string, OperationDocument])[] {
  return methods.flatMap((method) => {
    const found = item?.[method];
    if (!isObject(found)) return [];
    const at = `${pointerTo("paths", template)}/${method}`;
    const operationId = found["operationId"];
    const name = typeof operationId === "string" ? operationId : `${method.toUpperCase()} ${template}`;
    return [[name, operationOf(read, { at, method, template, shared: item?.["parameters"], found })] as const];
  });
}

interface FoundOperation {
  readonly at: string;
  readonly method: (typeof methods)[number];
  readonly template: string;
  /** Parameters of the path, for all its operations. */
  readonly shared: unknown;
  readonly found: OpenApiPart;
}

function operationOf(read: OpenApiReading, { at, method, template, shared, found }: FoundOperation): OperationDocument {
  const path = template.replaceAll(/\/\{([A-Za-z][A-Za-z0-9]*)\}(?=\/|$)/g, "/:$1") as `/${string}`;
  const answers = Object.entries(isObject(found["responses"]) ? found["responses"] : {});
  const [, answer] = answers.find(([status]) => status.startsWith("2")) ?? [];
  const refusals = answers.flatMap(([status, one]): readonly [string, JsonSchema][] => {
    const details = status.startsWith("4") || status === "default" ? jsonOf(read, one, at) : undefined;
    return details === undefined ? [] : [[status, details]];
  });
  const security = found["security"] ?? read.document["security"];
  const plain = (schema: JsonSchema, role: OpenApiRole): JsonSchema => openApiSchema(read, schema, { role, at });
  return {
    kind: method === "get" ? "query" : "command",
    method: method.toUpperCase() as Operation["method"],
    path,
    access: needsToken(security) ? "signed-in" : "anyone",
    input: plain(
      inputOf(read, { at, parameters: [...list(shared), ...list(found["parameters"])], found, template }),
      "request",
    ),
    output: plain(jsonOf(read, answer, at) ?? { type: "null" }, "response"),
    refusals: Object.fromEntries(refusals.map(([status, schema]) => [status, plain(schema, "response")])),
  };
}

/** Any of the requirements will do, and an empty one asks for nothing. */
function needsToken(security: unknown): boolean {
  const requirements = list(security).filter(isObject);
  return requirements.length > 0 && requirements.every((one) => Object.keys(one).length > 0);
}

interface FoundInput {
  readonly at: string;
  readonly parameters: readonly unknown[];
  readonly found: OpenApiPart;
  readonly template: string;
}

function inputOf(read: OpenApiReading, { at, parameters, found, template }: FoundInput): JsonSchema {
  // What an operation says of a parameter counts more than what its path says: the later one stays.
  const fields = new Map<string, { readonly schema: unknown; readonly isRequired: boolean }>();
  for (const one of parameters) {
    const parameter = resolvePart(read, one, at);
    const name = parameter === undefined ? undefined : fieldOf(parameter);
    if (parameter === undefined || name === undefined) continue;
    const schema = parameter["schema"] ?? jsonOf(read, parameter, at) ?? {};
    fields.set(name, { schema, isRequired: parameter["required"] === true });
  }
  const sent = jsonOf(read, found["requestBody"], at);
  const isRequired = resolvePart(read, found["requestBody"], at)?.["required"] === true;
  if (sent !== undefined) fields.set("body", { schema: sent, isRequired });
  const inPath = [...template.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
  return {
    type: "object",
    properties: Object.fromEntries([...fields].map(([name, { schema }]) => [name, schema])),
    required: [...fields].filter(([name, field]) => field.isRequired || inPath.includes(name)).map(([name]) => name),
  };
}

/** The name of a parameter in the input; none for what OpenAPI ignores. */
function fieldOf({ name, in: place }: OpenApiPart): string | undefined {
  const text = String(name);
  if (place === "path" || place === "query") return text;
  if (place === "cookie") return `cookie:${text}`;
  // Names of headers are the same in small letters and in large ones (RFC 9110, section 5.1).
  const header = text.toLowerCase();
  return place === "header" && !ownHeaders.has(header) ? `header:${header}` : undefined;
}

/** The schema of the JSON in a parameter, a body or an answer, if it has any. */
function jsonOf(read: OpenApiReading, part: unknown, at: string): JsonSchema | undefined {
  const content = part === undefined ? undefined : resolvePart(read, part, at)?.["content"];
  const entries = Object.entries(isObject(content) ? content : {});
  const [, media] = entries.find(([type]) => /^application\/(?:[\w.+-]+\+)?json\b/i.test(type)) ?? [];
  const schema = isObject(media) ? media["schema"] : undefined;
  return isObject(schema) ? schema : undefined;
}

function pointerTo(...tokens: readonly string[]): string {
  return tokens.map((token) => `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function unreadable(place: string, problems: readonly string[]): Error {
  const more = problems.length > PROBLEMS_MAX ? `; and ${problems.length - PROBLEMS_MAX} more` : "";
  return contractErrors.OPEN_API_UNREADABLE(
    `${place} is no OpenAPI document that can be compared: ${problems.slice(0, PROBLEMS_MAX).join("; ")}${more}. It takes OpenAPI 3.0 or 3.1 in one file; bundle it first where it refers to others.`,
    { place, problems },
  );
}
