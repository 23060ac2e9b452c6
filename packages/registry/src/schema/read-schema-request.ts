import type { Violation } from "@polder/contracts";
import { refusal, schemaInvalid } from "../refusal.ts";
import {
  type Metadata,
  type Rule,
  type RuleSet,
  type SchemaReference,
  type SchemaType,
  schemaTypes,
} from "./schema-content.ts";
import { SCHEMA_BYTES_MAX } from "./schema-format.ts";

/** A schema as somebody hands it in. */
export interface SchemaRequest {
  readonly type: SchemaType;
  /** Missing: the schema of the version before, with other metadata. */
  readonly text: string | undefined;
  readonly references: readonly SchemaReference[];
  readonly metadata: Metadata | null;
  readonly ruleSet: RuleSet | null;
  /** The id and the version that it has elsewhere, for subjects in the mode `IMPORT`. */
  readonly id: number | undefined;
  readonly version: number | undefined;
}

/** Schemas that one schema uses directly, at most. */
const REFERENCES_MAX = 100;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((one) => typeof one === "string");

/**
 * Reads a schema out of the body of a request. Without a type it is Avro, as Confluent's clients leave it out.
 *
 * @throws `REGISTRY_SCHEMA_INVALID` with every place, `REGISTRY_REFUSED` 42209 where it is too large.
 */
export function readSchemaRequest(body: Readonly<Record<string, unknown>>): SchemaRequest {
  const { schema = undefined, schemaType, references, metadata, ruleSet, id, version } = body;
  const violations: Violation[] = [];
  const type = String(schemaType ?? "AVRO").toUpperCase();
  if (!schemaTypes.includes(type as SchemaType))
    violations.push({ pointer: "/schemaType", problem: `must be one of ${schemaTypes.join(", ")}` });
  if (schema !== undefined && schema !== null && typeof schema !== "string")
    violations.push({ pointer: "/schema", problem: "must be the schema as a text" });
  const text = typeof schema === "string" && schema.trim() !== "" ? schema : undefined;
  if (text !== undefined && Buffer.byteLength(text) > SCHEMA_BYTES_MAX)
    throw refusal.tooLarge(SCHEMA_BYTES_MAX, "The schema at /schema");
  if (text?.includes("\0") === true) violations.push({ pointer: "/schema", problem: "must not hold a NUL" });
  violations.push(...referenceProblems(references));
  if (violations.length > 0) throw schemaInvalid("the request", violations);
  const positive = (value: unknown): number | undefined =>
    Number.isInteger(value) && Number(value) > 0 && Number(value) < 2 ** 31 ? Number(value) : undefined;
  return {
    type: type as SchemaType,
    text,
    references: (references ?? []) as readonly SchemaReference[],
    metadata: metadata === undefined || metadata === null ? null : readMetadata(metadata, "metadata"),
    ruleSet: ruleSet === undefined || ruleSet === null ? null : readRuleSet(ruleSet, "ruleSet"),
    id: positive(id),
    version: positive(version),
  };
}

/** Reads metadata: properties are texts by name, tags are lists of texts by path. Throws `REGISTRY_SCHEMA_INVALID`. */
export function readMetadata(value: unknown, field: string): Metadata {
  const at = (name: string, problem: string): Violation => ({ pointer: `/${field}${name}`, problem });
  if (!isObject(value)) throw schemaInvalid("the request", [at("", "must be an object")]);
  const { properties, tags, sensitive } = value;
  const given = (part: unknown): boolean => part !== undefined && part !== null;
  const violations: Violation[] = [];
  if (given(properties) && !(isObject(properties) && isTexts(Object.values(properties))))
    violations.push(at("/properties", "must be an object whose values are texts"));
  if (given(tags) && !(isObject(tags) && Object.values(tags).every(isTexts)))
    violations.push(at("/tags", "must be an object whose values are lists of texts"));
  if (given(sensitive) && !isTexts(sensitive)) violations.push(at("/sensitive", "must be a list of names"));
  if (violations.length > 0) throw schemaInvalid("the request", violations);
  return Object.fromEntries(
    Object.entries({ properties, tags, sensitive }).filter(([, part]) => given(part)),
  ) as Metadata;
}

const ruleLists = ["migrationRules", "domainRules", "encodingRules"] as const;
const ruleKinds: readonly unknown[] = ["TRANSFORM", "CONDITION"];
const ruleModes: readonly unknown[] = ["UPGRADE", "DOWNGRADE", "UPDOWN", "WRITE", "READ", "WRITEREAD"];

/** Reads a rule set; what a rule has beyond its name, kind and mode is kept unread. Throws `REGISTRY_REFUSED` 42210. */
export function readRuleSet(value: unknown, field: string): RuleSet {
  if (!isObject(value)) throw refusal.ruleSetInvalid(`/${field} must be an object`);
  const lists = ruleLists.filter((name) => value[name] !== undefined && value[name] !== null);
  for (const name of lists) {
    const list = value[name];
    if (!Array.isArray(list)) throw refusal.ruleSetInvalid(`/${field}/${name} must be a list`);
    for (const [index, rule] of list.entries()) {
      const why = isObject(rule) ? ruleProblem(rule) : "must be an object";
      if (why !== undefined) throw refusal.ruleSetInvalid(`/${field}/${name}/${index} ${why}`);
    }
  }
  return Object.fromEntries(lists.map((name) => [name, value[name] as readonly Rule[]]));
}

function ruleProblem({ name, kind, mode }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof name !== "string" || name === "") return "must have a name";
  if (kind !== undefined && kind !== null && !ruleKinds.includes(kind))
    return `must have one of the kinds ${ruleKinds.join(", ")}`;
  if (mode !== undefined && mode !== null && !ruleModes.includes(mode))
    return `must have one of the modes ${ruleModes.join(", ")}`;
  return undefined;
}

function referenceProblems(references: unknown): readonly Violation[] {
  if (references === undefined || references === null) return [];
  if (!Array.isArray(references)) return [{ pointer: "/references", problem: "must be a list" }];
  if (references.length > REFERENCES_MAX)
    return [{ pointer: "/references", problem: `has more than ${REFERENCES_MAX} entries` }];
  return references.flatMap((reference: unknown, index) => {
    const isGood =
      isObject(reference) &&
      typeof reference["name"] === "string" &&
      !reference["name"].includes("\0") &&
      typeof reference["subject"] === "string" &&
      Number.isInteger(reference["version"]);
    const problem = "must be an object with name, subject and version, such as { name, subject, version: 1 }";
    return isGood ? [] : [{ pointer: `/references/${index}`, problem }];
  });
}
