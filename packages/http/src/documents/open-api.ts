import {
  type ApiDocument,
  type Components,
  closed,
  collectComponents,
  contactOf,
  describeContract,
  type OperationDocument,
  read,
} from "@polder/contracts";
import {
  type AnyApi,
  type Deprecation,
  type Domain,
  deprecationOf,
  domainOf,
  type JsonSchema,
  majorOf,
  pathParameters,
  versionParts,
} from "@polder/model";
import { NOT_BEFORE_PARAMETER, POSITIONS_MAX } from "../not-before.ts";
import { problemMediaType } from "../problem.ts";
import { type Audience, possibleProblems } from "./possible-problems.ts";
import { problemSchema, refusalSchema } from "./problem-schema.ts";

/** What an OpenAPI document says beside what the contract says. */
export interface OpenApiOptions {
  /** Who reads it. For the `gateway`, operations without an `access` are left out. */
  readonly audience: Audience;
  /** Default: the API's name. */
  readonly title?: string;
  /** Who publishes the API: says what it is for, and whom to ask. */
  readonly domain?: Domain;
  /** Base URLs at which it is served. Default: where the document itself comes from. */
  readonly servers?: readonly string[];
}

/** An OpenAPI document, as plain JSON. */
export type OpenApiDocument = Readonly<Record<string, unknown>>;

/**
 * The OpenAPI 3.1 document of one version of an API, as it is served over HTTP: fields of the path, of the query string
 * and of the body; Polder's headers; declared refusals and all other problems with the codes that callers get. Requests
 * are closed, answers open: a field that is not named is refused in a request, and may come in an answer.
 *
 * @throws `DOCUMENT_VERSION_UNKNOWN` when the API does not have the version.
 */
export function openApiOf(api: AnyApi, version: string, options: OpenApiOptions): OpenApiDocument {
  const { audience, title = api.name, domain, servers = ["/"] } = options;
  const document = describeContract(api, version) as ApiDocument;
  const operations = operationsFor(document, audience);
  const components = collectComponents();
  const deprecation = deprecationOf(api, majorOf(version));
  const writer: Writer = { document, audience, components, sunset: deprecation && (deprecation.sunset ?? null) };
  const paths = new Map<string, Record<string, object>>();
  for (const [name, operation] of operations) {
    const path = pathOf(document, operation);
    const methods = paths.get(path) ?? {};
    methods[operation.method.toLowerCase()] = operationObject(name, operation, writer);
    paths.set(path, methods);
  }
  const all = operations.map(([, operation]) => operation);
  const security = schemesFor(all, audience);
  return {
    openapi: "3.1.0",
    info: {
      title,
      version,
      summary: `The API ${api.name} of the domain ${domainOf(api.name)}.`,
      ...(deprecation === undefined
        ? {}
        : { description: `Deprecated since ${deprecation.since}${until(deprecation)}. ${deprecation.notice}` }),
      ...(domain === undefined ? {} : { contact: contactOf(domain.owner) }),
    },
    servers: servers.map((url) => ({ url })),
    tags: [{ name: domainOf(api.name), ...(domain === undefined ? {} : { description: domain.capability }) }],
    paths: Object.fromEntries(paths),
    components: {
      schemas: components.schemas(),
      headers: headersFor(all, writer),
      parameters: parametersFor(all),
      ...(Object.keys(security).length === 0 ? {} : { securitySchemes: security }),
    },
  };
}

/** The operations of an API that a document for these readers has. */
export function operationsFor(
  { operations }: Pick<ApiDocument, "operations">,
  audience: Audience,
): readonly (readonly [string, OperationDocument])[] {
  return Object.entries(operations).filter(([, { access }]) => audience === "domains" || access !== undefined);
}

interface Writer {
  readonly document: ApiDocument;
  readonly audience: Audience;
  readonly components: Components;
  /** Of a version that is deprecated: until when it is served, `null` where that is not known. */
  readonly sunset: string | null | undefined;
}

function pathOf({ name, version }: ApiDocument, { path }: OperationDocument): string {
  const [major] = versionParts(version);
  return `/${name}/v${major}${path.replaceAll(/:([A-Za-z][A-Za-z0-9]*)/g, "{$1}")}`;
}

function operationObject(name: string, operation: OperationDocument, writer: Writer): object {
  const { document, audience, components, sunset } = writer;
  const { method, path, input, access } = operation;
  const owner = capitalised(name);
  const schema = components.place(closed(input), `${owner}Input`);
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const required = new Set((schema["required"] ?? []) as readonly string[]);
  const inPath = new Set(pathParameters(path));
  const fields = Object.entries(properties).filter(([field]) => method === "GET" || inPath.has(field));
  const parameters = fields.map(([field, fieldSchema]) =>
    parameterObject(field, fieldSchema, inPath.has(field) ? "path" : { isRequired: required.has(field) }),
  );
  const body = method === "GET" ? undefined : bodyObject(schema, inPath);
  return {
    operationId: name,
    tags: [domainOf(document.name)],
    summary: inWords(name),
    ...(typeof input["description"] === "string" ? { description: input["description"] } : {}),
    ...(sunset === undefined ? {} : { deprecated: true }),
    ...(typeof sunset === "string" ? { "x-sunset": sunset } : {}),
    ...(audience === "domains" ? { "x-access": access ?? null } : {}),
    security: securityOf(access, audience),
    parameters: [...parameters, ...ownParameters(operation).map((own) => ({ $ref: `#/components/parameters/${own}` }))],
    ...(body === undefined ? {} : { requestBody: body }),
    responses: { ...answers(operation, owner, writer), ...problems(operation, owner, writer) },
  };
}

function parameterObject(name: string, schema: JsonSchema, place: "path" | { readonly isRequired: boolean }): object {
  const { description, ...plain } = schema;
  const said = { name, ...(typeof description === "string" ? { description } : {}), schema: plain };
  if (place === "path") return { ...said, in: "path", required: true };
  const list = schema["type"] === "array" ? { style: "form", explode: true } : {};
  // An empty list is not in the query string at all, so a list that must be there may be missing.
  const isEmptyAllowed = schema["type"] === "array" && Number(schema["minItems"] ?? 0) === 0;
  return { ...said, in: "query", ...(place.isRequired && !isEmptyAllowed ? { required: true } : {}), ...list };
}

/** What is left of the input for the body, if anything: the fields that are not in the path. */
function bodyObject(schema: JsonSchema, inPath: ReadonlySet<string>): object | undefined {
  const {
    properties = {},
    required = [],
    ...rest
  } = schema as {
    readonly properties?: object;
    readonly required?: readonly string[];
  };
  const left = Object.entries(properties).filter(([name]) => !inPath.has(name));
  if (left.length === 0) return undefined;
  const needed = required.filter((name) => !inPath.has(name));
  const body = {
    ...rest,
    properties: Object.fromEntries(left),
    ...(needed.length === 0 ? {} : { required: needed }),
  };
  return { required: needed.length > 0, content: { "application/json": { schema: body } } };
}

function answers({ kind, output }: OperationDocument, owner: string, writer: Writer): object {
  const { components } = writer;
  const headers = headerRefs([...everyAnswer(writer), ...(kind === "command" ? (["Polder-Position"] as const) : [])]);
  const nothing = { 204: { description: "Done; there is nothing to say.", headers } };
  if (output["type"] === "null") return nothing;
  const schema = components.place(read(output), `${owner}Output`);
  const answer = { 200: { description: "The answer.", headers, content: { "application/json": { schema } } } };
  const types: readonly unknown[] = Array.isArray(output["type"]) ? output["type"] : [];
  const variants = [output["anyOf"], output["oneOf"]].flatMap((some) => (Array.isArray(some) ? some : []));
  const mayBeNull = types.includes("null") || variants.some((one: JsonSchema) => one["type"] === "null");
  return mayBeNull ? { ...answer, ...nothing } : answer;
}

function problems(operation: OperationDocument, owner: string, writer: Writer): object {
  const { audience, components } = writer;
  const refusals = Object.entries(operation.refusals).map(([refusal, details]) =>
    components.name(`${refusal}Refusal`, refusalSchema(refusal, components.place(read(details), refusal)), owner),
  );
  const entries = [...possibleProblems(operation, audience)].map(([status, codes]) => {
    const others = codes.filter((code) => code !== "REFUSED");
    const schemas = [
      ...(codes.length > others.length ? refusals : []),
      ...problemSchemas(others, components, refusals),
    ];
    const schema = schemas.length === 1 ? schemas[0] : { anyOf: schemas };
    const names = codes.map((code) => `\`${code}\``).join(", ");
    const retry = status === 429 || status === 503 ? (["Retry-After"] as const) : [];
    const headers = headerRefs([...everyAnswer(writer), ...retry]);
    return [status, { description: `${names}.`, headers, content: { [problemMediaType]: { schema } } }] as const;
  });
  return Object.fromEntries(entries);
}

/** Beside refusals a problem says its code, so that a program can tell which of them it has; otherwise codes are open. */
function problemSchemas(
  codes: readonly string[],
  components: Components,
  refusals: readonly JsonSchema[],
): readonly JsonSchema[] {
  if (codes.length === 0) return [];
  if (!codes.includes("SAGA_ABORTED") || refusals.length === 0) return [components.name("Problem", problemSchema, "")];
  const { properties } = problemSchema as { readonly properties: object };
  const schema = { ...problemSchema, properties: { ...properties, code: { enum: codes } } };
  return [components.name("AbortedProblem", schema, "")];
}

const answerHeaders = {
  "Polder-Version": { description: "The version that answered.", schema: { type: "string" } },
  Deprecation: {
    description: "Since when the version is deprecated: `@` and seconds since 1970 (RFC 9745).",
    schema: { type: "string" },
  },
  Sunset: { description: "Until when the version is served, as an HTTP date (RFC 8594).", schema: { type: "string" } },
  "Retry-After": { description: "Seconds after which another attempt is worth it.", schema: { type: "integer" } },
  "Polder-Position": {
    description:
      "What the command has published, where it has published something: for `Polder-Not-Before` of queries that are to show it.",
    schema: { type: "string" },
  },
};

type AnswerHeader = keyof typeof answerHeaders;

/** The headers that every answer of a version has. */
function everyAnswer({ sunset }: Writer): readonly AnswerHeader[] {
  if (sunset === undefined) return ["Polder-Version"];
  return sunset === null ? ["Polder-Version", "Deprecation"] : ["Polder-Version", "Deprecation", "Sunset"];
}

function headerRefs(names: readonly AnswerHeader[]): object {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function until({ sunset }: Deprecation): string {
  return sunset === undefined ? "" : `, served until ${sunset}`;
}

function headersFor(operations: readonly OperationDocument[], writer: Writer): object {
  const isCommanded = operations.some(({ kind }) => kind === "command");
  const names = [
    ...everyAnswer(writer),
    "Retry-After" as const,
    ...(isCommanded ? (["Polder-Position"] as const) : []),
  ];
  return Object.fromEntries(names.map((name) => [name, answerHeaders[name]]));
}

const parameters = {
  "Idempotency-Key": {
    name: "Idempotency-Key",
    in: "header",
    description: "A repeated command with the same key does nothing twice and gets the first answer.",
    schema: { type: "string", minLength: 1, maxLength: 200 },
  },
  "Polder-Deadline-Ms": {
    name: "Polder-Deadline-Ms",
    in: "header",
    description: "How long the caller waits, in milliseconds.",
    schema: { type: "integer", minimum: 0, maximum: 999_999_999 },
  },
  "Polder-Not-Before": {
    name: "Polder-Not-Before",
    in: "header",
    description:
      "Positions of commands, separated by commas: the answer is not older than what these have published. It waits for it until the deadline.",
    schema: { type: "string" },
  },
  notBefore: {
    name: "notBefore",
    in: "query",
    description: "The same as `Polder-Not-Before`; both may be given.",
    schema: { type: "array", items: { type: "string" }, maxItems: POSITIONS_MAX },
    style: "form",
    explode: false,
  },
  "Polder-Version": {
    name: "Polder-Version",
    in: "header",
    description: "The version that the caller was written for: one of this major.",
    schema: { type: "string" },
  },
};

/** The parameters of Polder's own. */
function ownParameters({ kind, input }: OperationDocument): readonly (keyof typeof parameters)[] {
  const all = ["Polder-Deadline-Ms", "Polder-Version"] as const;
  if (kind === "command") return ["Idempotency-Key", ...all];
  const fields = Object.keys((input["properties"] ?? {}) as object);
  return [...(fields.includes(NOT_BEFORE_PARAMETER) ? [] : [NOT_BEFORE_PARAMETER]), "Polder-Not-Before", ...all];
}

function parametersFor(operations: readonly OperationDocument[]): object {
  const names = new Set(operations.flatMap(ownParameters));
  return Object.fromEntries([...names].map((name) => [name, parameters[name]]));
}

/** Nothing to prove, a token that holds a permission, or any token; domains prove themselves another way. */
function securityOf(access: string | undefined, audience: Audience): readonly object[] {
  if (audience === "domains") return [{ caller: [] }];
  if (access === "anyone") return [];
  return [{ user: access === undefined || access === "signed-in" ? [] : [access] }];
}

function schemesFor(operations: readonly OperationDocument[], audience: Audience): Readonly<Record<string, object>> {
  const caller = {
    type: "apiKey",
    in: "header",
    name: "Polder-Caller",
    description:
      "A token that the calling domain signs for this one request. Only domains that declare to need the API are let in.",
  };
  const user = {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description:
      "An access token of the organisation's issuer. What an operation names besides is a permission that it must hold.",
  };
  if (audience === "domains") return { caller };
  return operations.some(({ access }) => access !== "anyone") ? { user } : {};
}

function capitalised(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** `ordersOfCustomer` as "Orders of customer". */
function inWords(name: string): string {
  return capitalised(name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));
}
