import type { JsonSchema } from "@polder/model";
import { sameJson } from "../schema/same-json.ts";
import { below } from "../schema/schema-problem.ts";
import { isObject } from "../schema/subschemas.ts";
import { type RuleId, ruleOfEffect } from "./rules.ts";
import type { Place, SchemaPair } from "./schema-pair.ts";
import { annotationsOf, type Subject, subjectAt } from "./subject.ts";
import { unionChanges } from "./union-changes.ts";
import { valueChanges } from "./value-changes.ts";

/** One change inside a schema. */
export interface Change {
  readonly rule: RuleId;
  /** JSON Pointer into the later schema; into the earlier one where something was removed. */
  readonly pointer: string;
  /** What changed, as the end of a sentence that begins with the place. */
  readonly says: string;
}

/** What walks two versions of a schema, place by place. */
export interface Walk {
  readonly pair: SchemaPair;
  readonly changes: Change[];
  /** Compares two subschemas that belong together. */
  readonly descend: (earlier: unknown, later: unknown, place: Place) => void;
}

/** The changes between two versions of a schema. */
export function schemaChanges(pair: SchemaPair): readonly Change[] {
  const seen = new Set<string>();
  const walk: Walk = {
    pair,
    changes: [],
    descend: (earlier, later, place) => {
      if (earlier === later && !refers(earlier)) return;
      const before = subjectAt(pair.targets.earlier, earlier, place.earlier);
      const after = subjectAt(pair.targets.later, later, place.later);
      const key = `${before.pointer} ${after.pointer}`;
      if (seen.has(key)) return;
      seen.add(key);
      subjectChanges(walk, before, after);
    },
  };
  walk.descend(pair.earlier, pair.later, { earlier: "", later: "" });
  return walk.changes;
}

/** Whether something in a schema refers to another place, which may have changed. */
function refers(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null) return false;
  return "$ref" in schema || Object.values(schema).some(refers);
}

function subjectChanges(walk: Walk, before: Subject, after: Subject): void {
  const { pointer } = after;
  if (!sameJson(annotationsOf(before.schema), annotationsOf(after.schema)))
    walk.changes.push({ rule: "annotation-changed", pointer, says: "is described otherwise" });
  if (before.isNullable !== after.isNullable) {
    const rule = after.isNullable ? "null-allowed" : "null-refused";
    walk.changes.push({ rule, pointer, says: after.isNullable ? "may now be null" : "may not be null any more" });
  }
  const unions = [before, after].filter(({ variants }) => variants !== undefined).length;
  if (unions > 0) unionChanges(walk, before, after);
  // A schema that becomes a union, or was one, is compared as one of its variants.
  if (unions === 1) return;
  if (unions === 0) valueChanges(walk, before, after);
  propertyChanges(walk, before, after);
  itemChanges(walk, before, after);
  otherChanges(walk, before, after);
}

function propertyChanges(walk: Walk, before: Subject, after: Subject): void {
  const earlier = named(before.schema["properties"]);
  const later = named(after.schema["properties"]);
  for (const name of Object.keys(later).filter((one) => !Object.hasOwn(earlier, one))) {
    const pointer = below(below(after.pointer, "properties"), name);
    if (isRequired(after, name))
      walk.changes.push({ rule: "property-added-required", pointer, says: "is new, and required" });
    else if (hasDefault(later[name]))
      walk.changes.push({ rule: "property-added-with-default", pointer, says: "is new, with a default" });
    else walk.changes.push({ rule: "property-added-optional", pointer, says: "is new" });
  }
  for (const [name, property] of Object.entries(earlier)) {
    const pointer = below(below(before.pointer, "properties"), name);
    if (!Object.hasOwn(later, name)) {
      walk.changes.push({ rule: removalRule(before, name, property), pointer, says: "was removed" });
      continue;
    }
    const place = { earlier: pointer, later: below(below(after.pointer, "properties"), name) };
    const presence = presenceChange(before, after, name);
    if (presence !== undefined) walk.changes.push({ ...presence, pointer: place.later });
    walk.descend(property, later[name], place);
  }
}

function removalRule(before: Subject, name: string, property: unknown): RuleId {
  const isDeprecated = isObject(property) && property["deprecated"] === true;
  if (isRequired(before, name)) return "property-removed-required";
  return isDeprecated ? "property-removed-deprecated" : "property-removed-optional";
}

function presenceChange(before: Subject, after: Subject, name: string): Omit<Change, "pointer"> | undefined {
  const earlier = named(before.schema["properties"])[name];
  const later = named(after.schema["properties"])[name];
  const was = isRequired(before, name);
  const is = isRequired(after, name);
  if (was && !is)
    return hasDefault(later)
      ? { rule: "property-gained-default", says: "may now be left out, for a default" }
      : { rule: "property-became-optional", says: "may now be missing" };
  if (!was && is)
    return hasDefault(earlier)
      ? { rule: "property-lost-default", says: "must now be given; it had a default" }
      : { rule: "property-became-required", says: "must now be there" };
  if (is || sameJson(defaultsOf(earlier), defaultsOf(later))) return undefined;
  // Whoever fills defaults in wrote the field always; without the default it may be missing.
  return hasDefault(later)
    ? { rule: "default-changed", says: "has another default" }
    : { rule: "property-became-optional", says: "has no default any more, so it may be missing" };
}

/** Changes below keywords of one schema, or of a list of them in which each has kept its place. */
function itemChanges(walk: Walk, before: Subject, after: Subject): void {
  for (const keyword of ["items", "additionalProperties"]) {
    const [earlier, later] = [before.schema[keyword], after.schema[keyword]];
    if (!isObject(earlier) || !isObject(later)) continue;
    const place = { earlier: below(before.pointer, keyword), later: below(after.pointer, keyword) };
    walk.descend(earlier, later, place);
  }
  for (const keyword of ["prefixItems", "items", "allOf"]) {
    const [earlier, later] = [before.schema[keyword], after.schema[keyword]];
    if (!Array.isArray(earlier) || !Array.isArray(later) || earlier.length !== later.length) continue;
    for (const [index, item] of earlier.entries()) {
      const at = (subject: Subject): string => below(below(subject.pointer, keyword), index);
      walk.descend(item, later[index], { earlier: at(before), later: at(after) });
    }
  }
}

/** Keywords whose changes are judged by what they do to the whole place. */
const others = `uniqueItems contains minContains maxContains propertyNames patternProperties dependentRequired
  dependentSchemas dependencies not if then else unevaluatedItems unevaluatedProperties additionalItems`.split(/\s+/);

function otherChanges(walk: Walk, before: Subject, after: Subject): void {
  const { pointer } = after;
  const place = { earlier: before.pointer, later: pointer };
  for (const keyword of ["contentEncoding", "contentMediaType"]) {
    if (before.schema[keyword] === after.schema[keyword]) continue;
    walk.changes.push({ rule: "content-changed", pointer: below(pointer, keyword), says: "says another content" });
  }
  unknownFieldChanges(walk, before, after);
  const changed = [
    ...others.filter((keyword) => !sameJson(before.schema[keyword], after.schema[keyword])),
    ...["items", "prefixItems", "allOf", "additionalProperties"].filter((keyword) =>
      isOtherKind(keyword, before, after),
    ),
  ];
  if (changed.length === 0) return;
  const rule = ruleOfEffect("rule", walk.pair.effect(place));
  walk.changes.push({ rule, pointer, says: `says otherwise: ${changed.join(", ")}` });
}

function unknownFieldChanges(walk: Walk, before: Subject, after: Subject): void {
  if (![before, after].every(({ schema }) => "properties" in schema)) return;
  const [earlier, later] = [before, after].map(({ schema }) => openness(schema["additionalProperties"]));
  if (earlier === later || earlier === "some" || later === "some") return;
  const { pointer } = after;
  if (later === "all") walk.changes.push({ rule: "unknown-fields-allowed", pointer, says: "takes unknown fields" });
  else walk.changes.push({ rule: "unknown-fields-refused", pointer, says: "takes no unknown fields any more" });
}

function openness(additional: unknown): "all" | "some" | "none" {
  if (additional === undefined || additional === false) return "none";
  return additional === true || (isObject(additional) && Object.keys(additional).length === 0) ? "all" : "some";
}

/** Whether a keyword differs in a way that its own walk does not see. */
function isOtherKind(keyword: string, before: Subject, after: Subject): boolean {
  const [earlier, later] = [before.schema[keyword], after.schema[keyword]];
  if (sameJson(earlier, later) || (isObject(earlier) && isObject(later))) return false;
  if (Array.isArray(earlier) && Array.isArray(later)) return earlier.length !== later.length;
  if (keyword !== "additionalProperties") return true;
  const isPlain = [before, after].every(({ schema }) => "properties" in schema);
  return !isPlain || openness(earlier) === "some" || openness(later) === "some";
}

function isRequired({ schema }: Subject, name: string): boolean {
  return ((schema["required"] ?? []) as readonly string[]).includes(name);
}

function hasDefault(schema: unknown): boolean {
  return isObject(schema) && "default" in schema;
}

function defaultsOf(schema: unknown): readonly unknown[] {
  return isObject(schema) && "default" in schema ? [schema["default"]] : [];
}

function named(value: unknown): JsonSchema {
  return isObject(value) ? value : {};
}
