import { type Access, accessProblems } from "./access.ts";
import { type Batch, batchProblems, type Paging, pagingProblems } from "./many-at-once.ts";
import { operationNameProblems } from "./name.ts";
import type { Problem } from "./problems.ts";
import { type AnySchema, isScalar, isSchema, type JsonSchema, jsonSchemaOf, type Schema } from "./schema.ts";

/** The HTTP methods of a command. A query is always a GET. */
export type CommandMethod = "POST" | "PUT" | "PATCH" | "DELETE";

/** The refusals that an operation declares: name and details of each. */
export type Refusals = Readonly<Record<string, AnySchema>>;

/** An operation of an API: a query changes nothing, a command changes one aggregate. */
export interface Operation<
  Kind extends "query" | "command" = "query" | "command",
  Input extends AnySchema = AnySchema,
  Output extends AnySchema = AnySchema,
  Declared extends Refusals = Refusals,
> {
  readonly kind: Kind;
  readonly method: "GET" | CommandMethod;
  /** Path below the API's version, with parameters as `:name`: `/availability/:sku`. */
  readonly path: `/${string}`;
  /** One flat or nested object: path parameters, query parameters or body together. */
  readonly input: Input;
  readonly output: Output;
  readonly refusals: Declared;
  /** Who may come from outside, through the gateway. Without it, only domains that need the API may call. */
  readonly access?: Access;
  /** That this query answers for many keys at once. */
  readonly batch?: Batch;
  /** That this query answers page by page. */
  readonly pages?: Paging;
}

/** What a query or a command is declared with. */
export interface OperationShape<Input extends AnySchema, Output extends AnySchema, Declared extends Refusals> {
  /** What the caller hands in. Default: an object without fields. */
  readonly input?: Input;
  /** What the caller gets. Default: nothing (`null`). */
  readonly output?: Output;
  /** The answers that say no, each with a name and the schema of its details. */
  readonly refusals?: Declared;
  /** Who may come from outside: `anyone`, `signed-in`, or a permission such as `orders.write`. Default: only domains. */
  readonly access?: Access;
}

/** The schema of an operation that hands in no field. */
export type NoInput = Schema<Record<never, never>>;
/** The schema of an operation that answers nothing. */
export type NoOutput = Schema<null>;

/** What a query may be declared with besides. */
export interface QueryShape<
  Input extends AnySchema,
  Output extends AnySchema,
  Declared extends Refusals,
  B extends Batch | undefined,
  P extends Paging | undefined,
> extends OperationShape<Input, Output, Declared> {
  readonly batch?: B;
  readonly pages?: P;
}

/** A query, and in which ways it answers for more than one. */
export type Query<
  Input extends AnySchema,
  Output extends AnySchema,
  Declared extends Refusals,
  B extends Batch | undefined,
  P extends Paging | undefined,
> = Operation<"query", Input, Output, Declared> &
  (B extends Batch ? { readonly batch: B } : unknown) &
  (P extends Paging ? { readonly pages: P } : unknown);

/**
 * Declares a query: `query("GET /availability/:sku", { input, output })`. One that answers for many keys at once says so
 * with `batch`, one that answers page by page with `pages`.
 */
export function query<
  Input extends AnySchema = NoInput,
  Output extends AnySchema = NoOutput,
  const Declared extends Refusals = Record<never, never>,
  const B extends Batch | undefined = undefined,
  const P extends Paging | undefined = undefined,
>(
  route: `GET /${string}`,
  shape: QueryShape<Input, Output, Declared, B, P> = {},
): Query<NoInfer<Input>, NoInfer<Output>, NoInfer<Declared>, NoInfer<B>, NoInfer<P>> {
  const { batch, pages } = shape ?? {};
  const ways = { ...(batch === undefined ? {} : { batch }), ...(pages === undefined ? {} : { pages }) };
  return { ...operation("query", route, shape), ...ways } as Query<Input, Output, Declared, B, P>;
}

/** Declares a command: `command("POST /reservations", { input, output, refusals })`. */
export function command<
  Input extends AnySchema = NoInput,
  Output extends AnySchema = NoOutput,
  const Declared extends Refusals = Record<never, never>,
>(
  route: `${CommandMethod} /${string}`,
  shape: OperationShape<Input, Output, Declared> = {},
): Operation<"command", NoInfer<Input>, NoInfer<Output>, NoInfer<Declared>> {
  return operation("command", route, shape);
}

function operation<
  Kind extends "query" | "command",
  Input extends AnySchema,
  Output extends AnySchema,
  Declared extends Refusals,
>(kind: Kind, route: string, shape: OperationShape<Input, Output, Declared>): Operation<Kind, Input, Output, Declared> {
  const [method = "", path = ""] = String(route).split(" ", 2);
  return {
    kind,
    method: method as Operation["method"],
    path: path as `/${string}`,
    input:
      shape?.input ?? (nothing({ type: "object", properties: {}, additionalProperties: false }) as unknown as Input),
    output: shape?.output ?? (nothing({ type: "null" }) as unknown as Output),
    refusals: shape?.refusals ?? ({} as Declared),
    ...(shape?.access === undefined ? {} : { access: shape.access }),
  };
}

/** The schema where a declaration names none: it takes what its JSON Schema takes. */
function nothing(jsonSchema: JsonSchema): AnySchema {
  return {
    "~standard": {
      version: 1,
      vendor: "polder",
      validate: (value) => ({ value }),
      jsonSchema: { input: () => ({ ...jsonSchema }), output: () => ({ ...jsonSchema }) },
    },
  };
}

/** The names of the parameters in an operation's path. */
export function pathParameters(path: string): readonly string[] {
  return [...path.matchAll(/:([A-Za-z][A-Za-z0-9]*)/g)].map((match) => match[1] ?? "");
}

const routePath = /^(?:\/(?::[a-zA-Z][a-zA-Z0-9]*|[a-z0-9][a-z0-9._~-]*))+$/;

/** What is wrong with an operation, if anything. */
export function operationProblems(name: string, candidate: Operation, place: string): readonly Problem[] {
  const problems: Problem[] = [...operationNameProblems(name, place)];
  if (candidate?.kind !== "query" && candidate?.kind !== "command") {
    return [...problems, { place, problem: "is no operation; write query(…) or command(…)" }];
  }
  const methods: readonly string[] = candidate.kind === "query" ? ["GET"] : ["POST", "PUT", "PATCH", "DELETE"];
  if (!methods.includes(candidate.method)) {
    problems.push({ place, problem: `a ${candidate.kind} takes ${methods.join(", ")}, not "${candidate.method}"` });
  }
  if (!routePath.test(candidate.path)) {
    problems.push({
      place,
      problem: `"${candidate.path}" is no path: segments of lower-case letters, digits and hyphens, or parameters such as ":sku"`,
    });
  }
  problems.push(...accessProblems(candidate.access, `${place}.access`));
  const input = schemaProblems(candidate.input, "input", `${place}.input`);
  problems.push(...input, ...schemaProblems(candidate.output, "output", `${place}.output`));
  if (input.length === 0) problems.push(...inputProblems(candidate, place));
  if (problems.length === 0)
    problems.push(...batchProblems(candidate, `${place}.batch`), ...pagingProblems(candidate, `${place}.pages`));
  for (const [refusal, detailsSchema] of Object.entries(candidate.refusals)) {
    problems.push(...schemaProblems(detailsSchema, "output", `${place}.refusals.${refusal}`));
  }
  return problems;
}

/** What keeps a schema from describing a contract, if anything. */
export function schemaProblems(candidate: unknown, side: "input" | "output", place: string): readonly Problem[] {
  if (!isSchema(candidate)) {
    return [
      {
        place,
        problem:
          "is no schema of a library that speaks Standard Schema with JSON Schema (Zod from 4.2, ArkType, Valibot with its wrapper)",
      },
    ];
  }
  try {
    jsonSchemaOf(candidate, side);
    return [];
  } catch (error) {
    return [
      {
        place,
        problem: `cannot be written as JSON Schema, so it cannot travel: ${error instanceof Error ? error.message : String(error)}`,
      },
    ];
  }
}

function inputProblems(candidate: Operation, place: string): readonly Problem[] {
  const schema = jsonSchemaOf(candidate.input, "input");
  if (schema["type"] !== "object") return [{ place: `${place}.input`, problem: "must be an object" }];
  const properties = (schema["properties"] ?? {}) as Record<string, JsonSchema>;
  const required = new Set((schema["required"] ?? []) as readonly string[]);
  const problems: Problem[] = [];
  for (const parameter of pathParameters(candidate.path)) {
    if (!(parameter in properties))
      problems.push({ place: `${place}.input`, problem: `has no field "${parameter}", which the path names` });
    else if (!required.has(parameter))
      problems.push({ place: `${place}.input.${parameter}`, problem: "is in the path, so it must be required" });
    else if (!isScalar(properties[parameter]))
      problems.push({
        place: `${place}.input.${parameter}`,
        problem: "is in the path, so it must be a string, a number or a boolean",
      });
  }
  if (candidate.method !== "GET") return problems;
  for (const [name, property] of Object.entries(properties)) {
    const item = property["type"] === "array" ? (property["items"] as JsonSchema | undefined) : property;
    if (!isScalar(item)) {
      problems.push({
        place: `${place}.input.${name}`,
        problem: "travels in the query string, so it must be a scalar or a list of scalars; take a command for more",
      });
    }
  }
  return problems;
}
