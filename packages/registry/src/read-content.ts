import type { Reader } from "@polder/model";
import { mergedMetadata, mergedRuleSet } from "./merge.ts";
import { schemaInvalid } from "./refusal.ts";
import type { SchemaRequest } from "./schema/read-schema-request.ts";
import type { SchemaContent, SchemaReference, SchemaType } from "./schema/schema-content.ts";
import type { ResolvedReference, SchemaFormat } from "./schema/schema-format.ts";
import type { Scope } from "./scope.ts";
import { outlineOf, versionOf } from "./storage/schema-store.ts";
import type { StoredVersion } from "./storage/stored-schema.ts";
import { nameOfSubject, type Subject, subjectOf } from "./subject.ts";

/** A schema that was handed in, read. */
export interface ReadContent {
  readonly content: SchemaContent;
  readonly format: SchemaFormat;
  readonly model: unknown;
}

/** How each language is read. */
export type Formats = Readonly<Record<SchemaType, SchemaFormat>>;

/** Where a schema is read, and what it may take from. */
export interface ReadingPlace {
  readonly formats: Formats;
  readonly subject: Subject;
  readonly scope: Scope;
  /** The newest version of the subject: what it says of itself holds for the new one that says nothing. */
  readonly latest: StoredVersion | undefined;
  readonly normalize: boolean;
  /** Whether it may use versions that were deleted softly: one that is to be registered may not. */
  readonly references: "living" | "any";
}

/** Schemas that one schema uses, directly and through others, at most. */
const REFERENCES_MAX = 200;
/** Characters of all of them together at most: they are read whenever the schema is. */
const REFERENCED_LENGTH_MAX = 8_388_608;

/**
 * Reads a schema that was handed in, with all that it uses.
 *
 * @throws `REGISTRY_SCHEMA_INVALID`.
 */
export async function readContent(reader: Reader, request: SchemaRequest, place: ReadingPlace): Promise<ReadContent> {
  const { formats, subject, scope, latest } = place;
  const source = request.text === undefined ? latest : { ...request, text: request.text };
  if (source === undefined)
    throw schemaInvalid("the request", [{ pointer: "/schema", problem: "must be the schema as a text" }]);
  const format = formats[source.type];
  const { references, resolved } = await resolveReferences(reader, source.references, {
    context: subject.context,
    direct: place.references,
  });
  const model = format.parse({ text: source.text, references: resolved });
  const isNormal = place.normalize || scope.config.normalize === true;
  const text = isNormal ? format.normalize(source.text) : format.compact(source.text);
  return { content: withMetadata({ type: source.type, text, references }, request, place), format, model };
}

/** Reads a schema that is kept. */
export async function readStored(reader: Reader, formats: Formats, stored: StoredVersion): Promise<unknown> {
  const { resolved } = await resolveReferences(reader, stored.references, { context: stored.context, direct: "any" });
  return formats[stored.type].parse({ text: stored.text, references: resolved });
}

function withMetadata(
  written: Pick<SchemaContent, "type" | "text" | "references">,
  request: SchemaRequest,
  { scope: { config }, latest }: ReadingPlace,
): SchemaContent {
  const own = request.metadata ?? latest?.metadata ?? null;
  const rules = request.ruleSet ?? latest?.ruleSet ?? null;
  return {
    ...written,
    metadata: mergedMetadata(mergedMetadata(config.defaultMetadata ?? null, own), config.overrideMetadata ?? null),
    ruleSet: mergedRuleSet(mergedRuleSet(config.defaultRuleSet ?? null, rules), config.overrideRuleSet ?? null),
  };
}

/** Finds the schemas that a schema uses: what they use themselves stands before them. */
async function resolveReferences(
  reader: Reader,
  references: readonly SchemaReference[],
  { context, direct }: { readonly context: string; readonly direct: ReadingPlace["references"] },
): Promise<{ readonly references: readonly SchemaReference[]; readonly resolved: readonly ResolvedReference[] }> {
  const resolved = new Map<string, ResolvedReference>();
  let length = 0;
  const visit = async (
    given: readonly SchemaReference[],
    within: string,
    wanted: ReadingPlace["references"],
  ): Promise<readonly SchemaReference[]> => {
    const found: SchemaReference[] = [];
    for (const [index, { name, subject, version }] of given.entries()) {
      const stored = await findReferenced(reader, subjectOf(subject, within), version);
      if (stored === undefined || (stored.isDeleted && wanted === "living"))
        throw unknownReference(index, subject, version);
      const reference = { name, subject: nameOfSubject(stored.subject), version: stored.version };
      found.push(reference);
      const key = JSON.stringify(reference);
      if (resolved.has(key)) continue;
      length += stored.text.length;
      if (resolved.size >= REFERENCES_MAX) throw tooMany(`${REFERENCES_MAX} schemas`);
      if (length > REFERENCED_LENGTH_MAX) throw tooMany(`${REFERENCED_LENGTH_MAX} characters of schemas`);
      await visit(stored.references, stored.context, "any");
      resolved.set(key, { ...reference, text: stored.text });
    }
    return found;
  };
  const found = await visit(references, context, direct);
  return { references: found, resolved: [...resolved.values()] };
}

/** A version that another schema refers to; below 0 it is the newest. */
async function findReferenced(reader: Reader, subject: Subject, version: number): Promise<StoredVersion | undefined> {
  if (version > 0) return await versionOf(reader, { subject, version });
  const latest = (await outlineOf(reader, subject)).findLast(({ isDeleted }) => !isDeleted);
  return latest === undefined ? undefined : await versionOf(reader, { subject, version: latest.version });
}

function unknownReference(index: number, subject: string, version: number): Error {
  const problem = `refers to version ${version} of ${subject}, which is not registered; register it first`;
  return schemaInvalid("the request", [{ pointer: `/references/${index}`, problem }]);
}

function tooMany(what: string): Error {
  const problem = `lead to more than ${what}`;
  return schemaInvalid("the request", [{ pointer: "/references", problem }]);
}
