import { type AnySchema, type JsonSchema, jsonSchemaOf } from "@polder/model";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormatsModule from "ajv-formats";
import { contractErrors } from "./errors.ts";
import { closed, opened } from "./schema/view.ts";

/** One place where a value is not what its contract says. */
export interface Violation {
  /** JSON Pointer (RFC 6901) into the value; empty for the value itself. */
  readonly pointer: string;
  readonly problem: string;
}

/** The value with its defaults filled in, or everything that is wrong with it. */
export type Validated =
  | { readonly valid: true; readonly value: unknown }
  | { readonly valid: false; readonly violations: readonly Violation[] };

/**
 * Checks a value; it may fill defaults into the very value that it gets. It answers at once, unless a
 * refinement of the schema has to wait for something.
 */
export type Validator = (value: unknown) => Validated | Promise<Validated>;

/**
 * Whose eyes a value is seen with. A `writer` hands in or answers: unknown fields are violations and
 * the schema library's own refinements hold. A `reader` takes what comes: unknown fields are left alone.
 */
export type View = "writer" | "reader";

/** Violations that one answer lists at most. */
const VIOLATIONS_MAX = 100;

// The module's default export sits one level deeper for Node than its types say.
const addFormats =
  (addFormatsModule as unknown as { default?: typeof addFormatsModule.default }).default ?? addFormatsModule;

const ajv = new Ajv2020({
  allErrors: true,
  strict: false,
  useDefaults: true,
  validateFormats: true,
  ownProperties: true,
  // What a validator does not know of a format is its library's business, and no library prints.
  logger: false,
});
(addFormats as unknown as (instance: Ajv2020) => void)(ajv);

const compiled: Record<View, WeakMap<AnySchema, Validator>> = { writer: new WeakMap(), reader: new WeakMap() };

/**
 * The validator of a schema for one view. It is compiled at its first use and kept as long as the
 * schema: compiling takes about a millisecond, running it microseconds.
 */
export function validatorOf(schema: AnySchema, view: View): Validator {
  const known = compiled[view].get(schema);
  if (known !== undefined) return known;
  const validator = view === "writer" ? writerValidator(schema) : readerValidator(schema);
  compiled[view].set(schema, validator);
  return validator;
}

/**
 * Gives the value back as its schema says it, defaults filled in.
 *
 * @throws `CONTRACT_VIOLATED` with every violation and where it stands.
 */
export async function conform(schema: AnySchema, view: View, value: unknown, what: string): Promise<unknown> {
  const result = await validatorOf(schema, view)(value);
  if (result.valid) return result.value;
  throw violated(what, result.violations);
}

/** The error of a value that breaks its contract. */
export function violated(what: string, violations: readonly Violation[]): Error {
  const places = violations
    .slice(0, 10)
    .map(({ pointer, problem }) => `${pointer === "" ? "the value" : pointer} ${problem}`);
  const more = violations.length > places.length ? `; and ${violations.length - places.length} more` : "";
  return contractErrors.CONTRACT_VIOLATED(
    `${what} is not what its contract says: ${places.join("; ")}${more}. Change the value, or publish a new version of the contract.`,
    {
      what,
      violations,
    },
  );
}

const variants = new WeakMap<JsonSchema, ValidateFunction>();

/** Says whether a part of a schema takes a value, fields that it does not know left alone; nothing is filled in. */
export function acceptsOpened(
  { root, schema }: { readonly root: JsonSchema; readonly schema: JsonSchema },
  value: unknown,
): boolean {
  let check = variants.get(schema);
  if (check === undefined) {
    const definitions = { $defs: root["$defs"] ?? {}, definitions: root["definitions"] ?? {} };
    check = compile(opened({ ...definitions, ...schema }));
    variants.set(schema, check);
  }
  return check(structuredClone(value));
}

function writerValidator(schema: AnySchema): Validator {
  const check = compile(closed(jsonSchemaOf(schema, "input")));
  return (value) => {
    if (!check(value)) return { valid: false, violations: violationsOf(check.errors ?? []) };
    const refined = schema["~standard"].validate(value);
    return refined instanceof Promise ? refined.then(refinedOf) : refinedOf(refined);
  };
}

function refinedOf(result: StandardSchemaV1.Result<unknown>): Validated {
  if (result.issues === undefined) return { valid: true, value: result.value };
  const violations = result.issues.slice(0, VIOLATIONS_MAX).map((issue) => ({
    pointer: (issue.path ?? [])
      .map((part) => `/${escapeToken(String(typeof part === "object" ? part.key : part))}`)
      .join(""),
    problem: issue.message,
  }));
  return { valid: false, violations };
}

function readerValidator(schema: AnySchema): Validator {
  const check = compile(opened(jsonSchemaOf(schema, "input")));
  return (value) =>
    check(value) ? { valid: true, value } : { valid: false, violations: violationsOf(check.errors ?? []) };
}

function compile(schema: JsonSchema): ValidateFunction {
  // Each schema stands for itself: an `$id` would have to be unique in the whole process.
  const { $id: _, ...anonymous } = schema;
  return ajv.compile(anonymous);
}

function violationsOf(errors: readonly ErrorObject[]): readonly Violation[] {
  return errors.slice(0, VIOLATIONS_MAX).map((error) => {
    const params = error.params as Readonly<Record<string, unknown>>;
    const unknown = params["additionalProperty"] ?? params["unevaluatedProperty"];
    if (unknown !== undefined)
      return {
        pointer: `${error.instancePath}/${escapeToken(String(unknown))}`,
        problem: "is not a field of the contract",
      };
    if (error.keyword === "required")
      return {
        pointer: `${error.instancePath}/${escapeToken(String(params["missingProperty"]))}`,
        problem: "is missing",
      };
    if (error.keyword === "enum")
      return { pointer: error.instancePath, problem: `must be one of ${JSON.stringify(params["allowedValues"])}` };
    return { pointer: error.instancePath, problem: error.message ?? `breaks "${error.keyword}"` };
  });
}

function escapeToken(token: string): string {
  return token.replaceAll("~", "~0").replaceAll("/", "~1");
}
