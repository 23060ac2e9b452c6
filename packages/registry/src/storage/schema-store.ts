import type { Reader } from "@polder/model";
import { guidOf, type SchemaContent } from "../schema/schema-content.ts";
import type { Subject } from "../subject.ts";
import type { Deleted, StoredSchema, StoredVersion, VersionName } from "./stored-schema.ts";

interface VersionRow extends Omit<StoredVersion, "subject"> {
  readonly name: string;
}

const sqlSchema = `s.context, s.id, s.guid, s.type, s.text, s.refs as "references", s.metadata, s.rule_set as "ruleSet"`;
const sqlVersion = `${sqlSchema}, v.subject as name, v.version, v.deleted_at is not null as "isDeleted"`;
const sqlJoined = "polder.registry_version v join polder.registry_schema s on s.context = v.context and s.id = v.id";

/** Which subjects, and which of their versions. */
export interface SubjectSearch {
  /** All without it. */
  readonly context?: string;
  /** Subjects that begin with it. */
  readonly prefix?: string;
  readonly deleted: Deleted;
  /** How many of the first are passed over. */
  readonly offset: number;
  readonly limit: number;
}

/** The versions of subjects, by context, subject and version; with `latestOnly` of each subject the newest. */
export async function findVersions(
  reader: Reader,
  search: SubjectSearch & { readonly latestOnly: boolean },
): Promise<readonly StoredVersion[]> {
  const { rows } = await reader.query<VersionRow>(
    `select ${sqlVersion}
from ${sqlJoined}
where ($1::text is null or v.context = $1)
  and ($2::text is null or starts_with(v.subject, $2))
  and ($3 = 'included' or (v.deleted_at is not null) = ($3 = 'only'))
  and not ($4 and exists (
    select from polder.registry_version l
    where l.context = v.context and l.subject = v.subject and l.version > v.version
      and ($3 = 'included' or (l.deleted_at is not null) = ($3 = 'only'))
  ))
order by v.context, v.subject, v.version
offset $5 limit $6`,
    [search.context ?? null, search.prefix ?? null, search.deleted, search.latestOnly, search.offset, search.limit],
  );
  return rows.map(toVersion);
}

/** What tells the versions of a subject apart, without their texts; the oldest first. */
export type VersionOutline = Pick<StoredVersion, "version" | "id" | "guid" | "type" | "metadata" | "isDeleted">;

/** The versions of a subject in outline, those as well that were deleted softly. */
export async function outlineOf(reader: Reader, { context, name }: Subject): Promise<readonly VersionOutline[]> {
  const { rows } = await reader.query<VersionOutline>(
    `select v.version, s.id, s.guid, s.type, s.metadata, v.deleted_at is not null as "isDeleted"
from ${sqlJoined}
where v.context = $1 and v.subject = $2
order by v.version`,
    [context, name],
  );
  return rows;
}

/** One version of a subject, also one that was deleted softly. */
export async function versionOf(
  reader: Reader,
  { subject: { context, name }, version }: VersionName,
): Promise<StoredVersion | undefined> {
  const { rows } = await reader.query<VersionRow>(
    `select ${sqlVersion}
from ${sqlJoined}
where v.context = $1 and v.subject = $2 and v.version = $3`,
    [context, name, version],
  );
  return rows.map(toVersion)[0];
}

/** The subjects that a search finds; of one that is there in part, the deleted versions do not count. */
export async function findSubjects(reader: Reader, search: SubjectSearch): Promise<readonly Subject[]> {
  const { rows } = await reader.query<Subject>(
    `select v.context, v.subject as name
from polder.registry_version v
where ($1::text is null or v.context = $1)
  and ($2::text is null or starts_with(v.subject, $2))
group by v.context, v.subject
having $3 = 'included' or bool_and(v.deleted_at is not null) = ($3 = 'only')
order by v.context, v.subject
offset $4 limit $5`,
    [search.context ?? null, search.prefix ?? null, search.deleted, search.offset, search.limit],
  );
  return rows;
}

/** A schema by its id. A schema of which no version is left is not there any more for those who ask. */
export async function schemaById(reader: Reader, context: string, id: number): Promise<StoredSchema | undefined> {
  const { rows } = await reader.query<StoredSchema>(
    `select ${sqlSchema}
from polder.registry_schema s
where s.context = $1 and s.id = $2
  and exists (select from polder.registry_version v where v.context = s.context and v.id = s.id)`,
    [context, id],
  );
  return rows[0];
}

/** The schemas with a guid: one in each context that has it. */
export async function schemasByGuid(reader: Reader, guid: string): Promise<readonly StoredSchema[]> {
  const { rows } = await reader.query<StoredSchema>(
    `select ${sqlSchema}
from polder.registry_schema s
where s.guid = $1
  and exists (select from polder.registry_version v where v.context = s.context and v.id = s.id)
order by s.context`,
    [guid],
  );
  return rows;
}

/** The versions that hold a schema. */
export async function versionsWithSchema(
  reader: Reader,
  { context, id, deleted }: { readonly context: string; readonly id: number; readonly deleted: Deleted },
): Promise<readonly VersionName[]> {
  const { rows } = await reader.query<{ readonly name: string; readonly version: number }>(
    `select v.subject as name, v.version
from polder.registry_version v
where v.context = $1 and v.id = $2
  and ($3 = 'included' or (v.deleted_at is not null) = ($3 = 'only'))
order by v.subject, v.version`,
    [context, id, deleted],
  );
  return rows.map(({ name, version }) => ({ subject: { context, name }, version }));
}

/** The schemas that use a version, as far as versions of them are there; deleted ones count when it is said. */
export async function usersOfVersion(
  reader: Reader,
  { subject, version, deleted }: { readonly subject: string; readonly version: number; readonly deleted: Deleted },
): Promise<readonly { readonly context: string; readonly id: number }[]> {
  const { rows } = await reader.query<{ readonly context: string; readonly id: number }>(
    `select s.context, s.id
from polder.registry_schema s
where s.refs @> jsonb_build_array(jsonb_build_object('subject', $1::text, 'version', $2::int))
  and exists (
    select from polder.registry_version v
    where v.context = s.context and v.id = s.id and ($3 = 'included' or v.deleted_at is null)
  )
order by s.context, s.id`,
    [subject, version, deleted],
  );
  return rows;
}

/** The contexts that have schemas, the default one always among them. */
export async function contextsOf(reader: Reader): Promise<readonly string[]> {
  const { rows } = await reader.query<{ readonly context: string }>(
    "select context from (select '.' as context union select context from polder.registry_version) c order by context",
  );
  return rows.map(({ context }) => context);
}

/**
 * The id of a content in a context: the one that it has, or the next. Only one transaction at a time gives ids, so that
 * none is left out when it is rolled back and the same content gets the same one.
 */
export async function idOfContent(
  reader: Reader,
  context: string,
  content: SchemaContent,
): Promise<Pick<StoredSchema, "id" | "guid">> {
  const guid = guidOf(content);
  const known = await knownId(reader, context, guid);
  if (known !== undefined) return { id: known, guid };
  // Taken until the commit: whoever waits here sees what the one before has kept.
  await reader.query("select schema_id from polder.registry_counter for update");
  const meanwhile = await knownId(reader, context, guid);
  if (meanwhile !== undefined) return { id: meanwhile, guid };
  const id = (await idElsewhere(reader, context, guid)) ?? (await nextId(reader));
  await keepSchema(reader, { context, id, guid, content });
  return { id, guid };
}

/** Keeps a content under an id that is given; says whether that id is free for it. */
export async function importContent(
  reader: Reader,
  { context, id, content }: { readonly context: string; readonly id: number; readonly content: SchemaContent },
): Promise<{ readonly guid: string; readonly isKept: boolean }> {
  const guid = guidOf(content);
  await reader.query("select schema_id from polder.registry_counter for update");
  const { rows } = await reader.query<{ readonly id: number; readonly guid: string }>(
    "select id, guid from polder.registry_schema where context = $1 and (id = $2 or guid = $3)",
    [context, id, guid],
  );
  if (rows.length > 0) return { guid, isKept: rows.every((row) => row.id === id && row.guid === guid) };
  await keepSchema(reader, { context, id, guid, content });
  await reader.query("update polder.registry_counter set schema_id = greatest(schema_id, $1)", [id]);
  return { guid, isKept: true };
}

/** Adds a version to a subject. */
export async function addVersion(reader: Reader, { subject, version }: VersionName, id: number): Promise<void> {
  await reader.query("insert into polder.registry_version (context, subject, version, id) values ($1, $2, $3, $4)", [
    subject.context,
    subject.name,
    version,
    id,
  ]);
}

/** Deletes versions of a subject: softly, or for good. */
export async function deleteVersions(
  reader: Reader,
  { context, name }: Subject,
  { versions, isPermanent }: { readonly versions: readonly number[]; readonly isPermanent: boolean },
): Promise<void> {
  const values = [context, name, versions];
  if (isPermanent)
    await reader.query(
      "delete from polder.registry_version where context = $1 and subject = $2 and version = any ($3)",
      values,
    );
  else
    await reader.query(
      "update polder.registry_version set deleted_at = now() where context = $1 and subject = $2 and version = any ($3)",
      values,
    );
}

async function knownId(reader: Reader, context: string, guid: string): Promise<number | undefined> {
  const { rows } = await reader.query<{ readonly id: number }>(
    "select id from polder.registry_schema where context = $1 and guid = $2",
    [context, guid],
  );
  return rows[0]?.id;
}

/** The id that the same content has in another context, if nothing else has it in this one. */
async function idElsewhere(reader: Reader, context: string, guid: string): Promise<number | undefined> {
  const { rows } = await reader.query<{ readonly id: number }>(
    `select s.id
from polder.registry_schema s
where s.guid = $2
  and not exists (select from polder.registry_schema o where o.context = $1 and o.id = s.id)
order by s.id
limit 1`,
    [context, guid],
  );
  return rows[0]?.id;
}

async function nextId(reader: Reader): Promise<number> {
  const { rows } = await reader.query<{ readonly id: number }>(
    "update polder.registry_counter set schema_id = schema_id + 1 returning schema_id as id",
  );
  const [next] = rows;
  if (next === undefined) throw new Error("polder.registry_counter has no row");
  return next.id;
}

async function keepSchema(
  reader: Reader,
  kept: { readonly context: string; readonly id: number; readonly guid: string; readonly content: SchemaContent },
): Promise<void> {
  const { context, id, guid, content } = kept;
  const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));
  await reader.query(
    `insert into polder.registry_schema (context, id, guid, type, text, refs, metadata, rule_set)
values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      context,
      id,
      guid,
      content.type,
      content.text,
      JSON.stringify(content.references),
      json(content.metadata),
      json(content.ruleSet),
    ],
  );
}

function toVersion({ name, ...row }: VersionRow): StoredVersion {
  return { ...row, subject: { context: row.context, name } };
}
