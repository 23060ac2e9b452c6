import { isVersion, type JsonSchema, type Operation, pathParameters, type Version } from "@polder/model";
import { contractErrors } from "../errors.ts";
import { measureSchema } from "../schema/measure-schema.ts";
import { isObject, mapSubschemas } from "../schema/subschemas.ts";
import type { ApiDocument, OperationDocument } from "./contract-document.ts";

/** An OpenAPI document or a part of it, parsed. */
type Part = Readonly<Record<string, unknown>>;

const methods = ["get", "post", "put", "patch", "delete"] as const;

/** Characters of a document, roughly, and its levels: those of a schema, and the few around it. */
const DOCUMENT_SIZE_MAX = 33_554_432;
const DOCUMENT_DEPTH_MAX = 110;

/** How deep references to parameters, bodies and answers may lead from one to the next. */
const REFERENCES_MAX = 20;

/**
 * An OpenAPI document (3.0 or 3.1) as the document of an API, so that it can be compared with an earlier one: for
 * services that Polder does not run. Operations have the name of their `operationId`, or their method and path; fields
 * of path, query and JSON body are one input, as with Polder's own; answers are those of the first 2xx status, refusals
 * the JSON bodies of 4xx statuses. Headers, cookies, links and callbacks are left out.
 *
 * @param place where the document comes from, for the error's message
 * @throws `OPEN_API_UNREADABLE` with all that is in the way.
 */
export function describeOpenApi(document: unknown, place: string): ApiDocument {
  const problems: string[] = [];
  if (!isObject(document) || !/^3\.[01](?:\.|$)/.test(String(document["openapi"]))) {
    throw unreadable(place, ["/openapi does not say 3.0 or 3.1"]);
  }
  const tooLarge = measureSchema(document, { sizeMax: DOCUMENT_SIZE_MAX, depthMax: DOCUMENT_DEPTH_MAX });
  if (tooLarge !== undefined) throw unreadable(place, [`${tooLarge.pointer} ${tooLarge.problem}`]);
  const { info, paths = {} } = document;
  const read = { document, problems };
  const operations = Object.entries(isObject(paths) ? paths : {}).flatMap(([path, item]) =>
    isObject(item) ? operationsOf(read, path, item) : [],
  );
  const names = operations.map(([name]) => name);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  problems.push(...[...twice].map((name) => `the operationId "${name}" stands twice`));
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

interface Reading {
  readonly document: Part;
  readonly problems: string[];
}

function operationsOf(read: Reading, template: string, item: Part): readonly (readonly [string, OperationDocument])[] {
  return methods.flatMap((method) => {
    const found = item[method];
    if (!isObject(found)) return [];
    const at = `/paths/${template.replaceAll("~", "~0").replaceAll("/", "~1")}/${method}`;
    const operationId = found["operationId"];
    const name = typeof operationId === "string" ? operationId : `${method.toUpperCase()} ${template}`;
    return [[name, operationOf(read, { at, method, template, shared: item["parameters"], found })] as const];
  });
}

interface FoundOperation {
  readonly at: string;
  readonly method: (typeof methods)[number];
  readonly template: string;
  /** Parameters of the path, for all its operations. */
  readonly shared: unknown;
  readonly found: Part;
}

function operationOf(read: Reading, { at, method, template, shared, found }: FoundOperation): OperationDocument {
  const parameters = [...list(shared), ...list(found["parameters"])].map((one) => resolve(read, one, at));
  const path = template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => `:${name}`) as `/${string}`;
  const answers = Object.entries(isObject(found["responses"]) ? found["responses"] : {});
  const [, answer] = answers.find(([status]) => status.startsWith("2")) ?? [];
  const refusals = answers
    .filter(([status]) => status.startsWith("4"))
    .map(([status, one]): [string, JsonSchema | undefined] => [status, jsonOf(read, one, at)])
    .filter((entry): entry is [string, JsonSchema] => entry[1] !== undefined);
  const security = found["security"] ?? read.document["security"];
  return {
    kind: method === "get" ? "query" : "command",
    method: method.toUpperCase() as Operation["method"],
    path,
    // One of them is enough, and one that asks for nothing makes the others a choice.
    access: list(security).length > 0 && list(security).every(asksForSomething) ? "signed-in" : "anyone",
    input: withDefinitions(read, inputOf(read, { at, parameters, body: found["requestBody"], path })),
    output: withDefinitions(read, jsonOf(read, answer, at) ?? { type: "null" }),
    refusals: Object.fromEntries(refusals.map(([status, schema]) => [status, withDefinitions(read, schema)])),
  };
}

function asksForSomething(requirement: unknown): boolean {
  return isObject(requirement) && Object.keys(requirement).length > 0;
}

interface FoundInput {
  readonly at: string;
  readonly parameters: readonly (Part | undefined)[];
  readonly body: unknown;
  readonly path: string;
}

function inputOf(read: Reading, { at, parameters, body, path }: FoundInput): JsonSchema {
  const fields = parameters.filter((one) => one?.["in"] === "path" || one?.["in"] === "query");
  const properties: Record<string, unknown> = {};
  const required = new Set<string>(pathParameters(path));
  for (const field of fields) {
    const name = String(field?.["name"]);
    properties[name] = field?.["schema"] ?? {};
    if (field?.["required"] === true) required.add(name);
  }
  const sent = jsonOf(read, body, at);
  const isRequired = isObject(body) && resolve(read, body, at)?.["required"] === true;
  const whole = sent === undefined ? undefined : resolve(read, sent, at);
  const isFlat = isObject(whole?.["properties"]);
  if (isFlat) {
    Object.assign(properties, whole["properties"]);
    for (const name of isRequired ? list(whole["required"]) : []) required.add(String(name));
  } else if (sent !== undefined) {
    properties["body"] = sent;
    if (isRequired) required.add("body");
  }
  const named = [...required].filter((name) => Object.hasOwn(properties, name));
  // What else the body says is said of the input as a whole.
  return { ...(isFlat ? whole : {}), type: "object", properties, required: named };
}

/** The schema of the JSON in a body or an answer, if it has any. */
function jsonOf(read: Reading, part: unknown, at: string): JsonSchema | undefined {
  const content = part === undefined ? undefined : resolve(read, part, at)?.["content"];
  const entries = Object.entries(isObject(content) ? content : {});
  const [, media] = entries.find(([type]) => /^application\/(?:[\w.+-]+\+)?json\b/i.test(type)) ?? [];
  const schema = isObject(media) ? media["schema"] : undefined;
  return isObject(schema) ? schema : undefined;
}

/** What a reference inside the document leads to. */
function resolve(read: Reading, part: unknown, at: string): Part | undefined {
  let found: unknown = part;
  for (let steps = 0; isObject(found) && typeof found["$ref"] === "string"; steps += 1) {
    const reference = found["$ref"];
    const tokens = reference
      .split("/")
      .slice(1)
      .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
    found = reference.startsWith("#/")
      ? tokens.reduce<unknown>(
          (value, token) => (isObject(value) && Object.hasOwn(value, token) ? value[token] : undefined),
          read.document,
        )
      : undefined;
    if (found !== undefined && steps < REFERENCES_MAX) continue;
    read.problems.push(`${at} refers to ${reference}, which is not in the document`);
    return undefined;
  }
  return isObject(found) ? found : undefined;
}

const componentPrefix = "#/components/schemas/";

/** The schema with the components that it refers to beside it, so that it stands for itself. */
function withDefinitions({ document }: Reading, schema: JsonSchema): JsonSchema {
  const components = isObject(document["components"]) ? document["components"]["schemas"] : undefined;
  const known = isObject(components) ? components : {};
  const used = new Set<string>();
  const rewrite = (part: JsonSchema): JsonSchema => {
    const { nullable, $ref: reference, ...rest } = withoutOwnWords(mapSubschemas(part, rewrite));
    const name =
      typeof reference === "string" && reference.startsWith(componentPrefix)
        ? reference.slice(componentPrefix.length)
        : undefined;
    if (name !== undefined && isObject(known[name])) used.add(name);
    const referring =
      reference === undefined ? rest : { ...rest, $ref: name === undefined ? reference : `#/$defs/${name}` };
    // OpenAPI 3.0 has a word of its own for a type that may be null.
    if (nullable !== true) return referring;
    return typeof rest["type"] === "string"
      ? { ...referring, type: [rest["type"], "null"] }
      : { anyOf: [referring, { type: "null" }] };
  };
  const rewritten = rewrite(schema);
  if (used.size === 0) return rewritten;
  // What is used adds to what is used: one after the other, however long the chain is.
  const $defs: Record<string, JsonSchema> = {};
  for (const name of used) $defs[name] = rewrite(known[name] as JsonSchema);
  return { ...rewritten, $defs };
}

/** A schema without the words that only API descriptions have, and with the bounds of version 3.0 as JSON Schema says them. */
function withoutOwnWords(schema: JsonSchema): JsonSchema {
  const { example, xml: _xml, externalDocs: _docs, discriminator: _discriminator, ...rest } = schema;
  const words = example === undefined ? rest : { ...rest, examples: [example] };
  return exclusive(exclusive(words, "minimum", "exclusiveMinimum"), "maximum", "exclusiveMaximum");
}

function exclusive(schema: JsonSchema, bound: string, keyword: string): JsonSchema {
  const { [keyword]: said, [bound]: value, ...rest } = schema;
  if (typeof said !== "boolean") return schema;
  return value === undefined ? rest : { ...rest, [said ? keyword : bound]: value };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function unreadable(place: string, problems: readonly string[]): Error {
  return contractErrors.OPEN_API_UNREADABLE(
    `${place} is no OpenAPI document that can be compared: ${problems.slice(0, 20).join("; ")}. It takes OpenAPI 3.0 or 3.1 in one file; bundle it first where it refers to others.`,
    { place, problems },
  );
}
