import type { JsonSchema } from "@polder/model";
import { listed } from "../inclusion/holds.ts";
import { sameJson } from "../schema/same-json.ts";
import { typeOf } from "../schema/schema-node.ts";
import { type RuleId, ruleOfEffect } from "./rules.ts";
import type { SchemaPair } from "./schema-pair.ts";
import { openValuesOf, type Subject } from "./subject.ts";

/** Where changes of values are gathered. */
interface Gathering {
  readonly pair: SchemaPair;
  readonly changes: { readonly rule: RuleId; readonly pointer: string; readonly says: string }[];
}

const bounds = `minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems
  minProperties maxProperties`.split(/\s+/);
const formats = ["format", "pattern"];

/** Changes of type, listed values, bounds, formats and patterns of one place. */
export function valueChanges({ pair, changes }: Gathering, before: Subject, after: Subject): void {
  const { pointer } = after;
  const types = { earlier: typesOf(before.schema), later: typesOf(after.schema) };
  const isOtherType = !sameJson(types.earlier, types.later);
  if (isOtherType) {
    const effect = pair.effectOf(typed(types.earlier), typed(types.later));
    const says = `was ${worded(types.earlier)} and is ${worded(types.later)}`;
    changes.push({ rule: ruleOfEffect("type", effect), pointer, says });
    if (effect === "changed") return;
  }
  listChanges(changes, before, after);
  for (const [kind, keywords] of [
    ["bound", bounds],
    ["format", formats],
  ] as const) {
    const changed = keywords.filter((keyword) => !sameJson(before.schema[keyword], after.schema[keyword]));
    if (changed.length === 0) continue;
    const type = isOtherType ? [] : ["type"];
    const effect = pair.effectOf(
      pick(before.schema, [...keywords, ...type]),
      pick(after.schema, [...keywords, ...type]),
    );
    const says = changed.map((keyword) => said(keyword, before.schema[keyword], after.schema[keyword])).join("; ");
    changes.push({ rule: ruleOfEffect(kind, effect), pointer, says });
  }
}

function listChanges(changes: Gathering["changes"], before: Subject, after: Subject): void {
  const { pointer } = after;
  const earlier = closedValuesOf(before.schema);
  const later = closedValuesOf(after.schema);
  if (earlier !== undefined && later !== undefined) {
    for (const value of missingFrom(earlier, later)) changes.push(addition(value, pointer));
    for (const value of missingFrom(later, earlier)) changes.push(removal(value, pointer));
    return;
  }
  if (earlier !== undefined)
    changes.push({ rule: "enum-value-added", pointer, says: "takes values that are not listed, too" });
  if (later !== undefined) changes.push({ rule: "enum-value-removed", pointer, says: "takes only listed values now" });
  if (earlier !== undefined || later !== undefined) return;
  const [known, knownLater] = [openValuesOf(before.schema), openValuesOf(after.schema)];
  for (const value of missingFrom(known ?? [], knownLater ?? []))
    changes.push({ rule: "open-enum-value-added", pointer, says: `names ${JSON.stringify(value)}, too` });
  for (const value of missingFrom(knownLater ?? [], known ?? []))
    changes.push({ rule: "open-enum-value-removed", pointer, says: `does not name ${JSON.stringify(value)} any more` });
}

function addition(value: unknown, pointer: string): Gathering["changes"][number] {
  return value === null
    ? { rule: "null-allowed", pointer, says: "may now be null" }
    : { rule: "enum-value-added", pointer, says: `may now be ${JSON.stringify(value)}` };
}

function removal(value: unknown, pointer: string): Gathering["changes"][number] {
  return value === null
    ? { rule: "null-refused", pointer, says: "may not be null any more" }
    : { rule: "enum-value-removed", pointer, says: `may not be ${JSON.stringify(value)} any more` };
}

function missingFrom(known: readonly unknown[], others: readonly unknown[]): readonly unknown[] {
  return others.filter((value) => !listed(known, value));
}

function closedValuesOf(schema: JsonSchema): readonly unknown[] | undefined {
  if ("const" in schema) return [schema["const"]];
  return Array.isArray(schema["enum"]) ? schema["enum"] : undefined;
}

/** The types that a schema takes, also where only its listed values say them; nothing where it takes all. */
function typesOf(schema: JsonSchema): readonly string[] | undefined {
  const values = closedValuesOf(schema);
  if (schema["type"] !== undefined) return [schema["type"]].flat().map(String).sort();
  return values === undefined ? undefined : [...new Set(values.map(typeOf))].filter((type) => type !== "null").sort();
}

function typed(types: readonly string[] | undefined): JsonSchema {
  return types === undefined ? {} : { anyOf: types.map((type) => ({ type })) };
}

function worded(types: readonly string[] | undefined): string {
  return types === undefined ? "anything" : types.join(" or ");
}

function said(keyword: string, earlier: unknown, later: unknown): string {
  if (earlier === undefined) return `has ${keyword} ${JSON.stringify(later)} now`;
  if (later === undefined) return `has no ${keyword} any more (it was ${JSON.stringify(earlier)})`;
  return `has ${keyword} ${JSON.stringify(later)} instead of ${JSON.stringify(earlier)}`;
}

function pick(schema: JsonSchema, keywords: readonly string[]): JsonSchema {
  return Object.fromEntries(
    keywords.filter((keyword) => keyword in schema).map((keyword) => [keyword, schema[keyword]]),
  );
}
