import type { Reader } from "@polder/model";
import { readContent } from "./read-content.ts";
import { refusal } from "./refusal.ts";
import type { RegistryParts } from "./registry-parts.ts";
import type { SchemaRequest } from "./schema/read-schema-request.ts";
import { guidOf } from "./schema/schema-content.ts";
import { scopeOf } from "./scope.ts";
import {
  contextsOf,
  findSubjects,
  findVersions,
  outlineOf,
  type SubjectSearch,
  schemaById,
  schemasByGuid,
  usersOfVersion,
  type VersionOutline,
  versionOf,
  versionsWithSchema,
} from "./storage/schema-store.ts";
import type { Deleted, StoredSchema, StoredVersion, VersionName } from "./storage/stored-schema.ts";
import { nameOfSubject, type Subject } from "./subject.ts";

/** Finding schemas. Where one is not there, it throws `REGISTRY_REFUSED` with the number that clients know. */
export interface Finding {
  readonly subjects: (search: SubjectSearch) => Promise<readonly Subject[]>;
  readonly schemas: (search: SubjectSearch & { readonly latestOnly: boolean }) => Promise<readonly StoredVersion[]>;
  /** The numbers of a subject's versions. Throws 40401. */
  readonly versions: (subject: Subject, deleted: Deleted) => Promise<readonly VersionOutline[]>;
  /** One version; `deleted` as well where it was deleted softly. Throws 40401, 40402. */
  readonly version: (
    subject: Subject,
    version: number | "latest",
    options?: { readonly deleted?: boolean },
  ) => Promise<StoredVersion>;
  /** The version of a subject that holds this schema. Throws 40401, 40403, `REGISTRY_SCHEMA_INVALID`. */
  readonly lookUp: (
    subject: Subject,
    request: SchemaRequest,
    options?: { readonly normalize?: boolean; readonly deleted?: boolean },
  ) => Promise<StoredVersion>;
  /** The newest version whose metadata have these properties. Throws 40401, 40403. */
  readonly withProperties: (
    subject: Subject,
    properties: Readonly<Record<string, string>>,
    options?: { readonly deleted?: boolean },
  ) => Promise<StoredVersion>;
  /** A schema by its id. Throws 40403. */
  readonly byId: (context: string, id: number) => Promise<StoredSchema>;
  /** The schemas with a guid, of each context one. Throws 40403. */
  readonly byGuid: (guid: string) => Promise<readonly [StoredSchema, ...StoredSchema[]]>;
  /** Which versions hold a schema. Throws 40403. */
  readonly holders: (context: string, id: number, deleted: Deleted) => Promise<readonly VersionName[]>;
  /** The ids of the schemas that use a version, also of one that was deleted softly. Throws 40401, 40402. */
  readonly referencedBy: (subject: Subject, version: number | "latest") => Promise<readonly number[]>;
  readonly contexts: () => Promise<readonly string[]>;
}

/** Opens the part of the registry that finds. */
export function openFinding({ database, formats }: RegistryParts): Finding {
  const version: Finding["version"] = async (subject, wanted, { deleted = false } = {}) => {
    const outline = await outlineOf(database, subject);
    const visible = outline.filter(({ isDeleted }) => deleted || !isDeleted);
    const living = outline.filter(({ isDeleted }) => !isDeleted);
    if (visible.length === 0) throw refusal.subjectUnknown(nameOfSubject(subject));
    const found = wanted === "latest" ? living.at(-1) : visible.find((one) => one.version === wanted);
    if (found === undefined) throw refusal.versionUnknown(wanted);
    return await stored(database, subject, found.version);
  };
  return {
    version,
    subjects: async (search) => await findSubjects(database, search),
    schemas: async (search) => await findVersions(database, search),
    versions: async (subject, deleted) => {
      const outline = await outlineOf(database, subject);
      const isThere = outline.some(({ isDeleted }) => deleted !== "left out" || !isDeleted);
      if (!isThere) throw refusal.subjectUnknown(nameOfSubject(subject));
      return outline.filter(({ isDeleted }) => deleted === "included" || isDeleted === (deleted === "only"));
    },
    lookUp: async (subject, request, { normalize = false, deleted = false } = {}) => {
      const outline = (await outlineOf(database, subject)).filter(({ isDeleted }) => deleted || !isDeleted);
      if (outline.length === 0) throw refusal.subjectUnknown(nameOfSubject(subject));
      const scope = await scopeOf(database, subject);
      const newest = outline.findLast(({ isDeleted }) => !isDeleted)?.version;
      const latest = newest === undefined ? undefined : await stored(database, subject, newest);
      const place = { formats, subject, scope, latest, normalize, references: "any" } as const;
      const { content } = await readContent(database, request, place);
      const { metadata, ruleSet } = request;
      // As it was handed in, then with what it takes from the version before, as when it was registered.
      const guids = [{ ...content, metadata, ruleSet }, content].map(guidOf);
      const found = guids.flatMap((guid) => outline.findLast((one) => one.guid === guid) ?? []);
      const [first] = found;
      if (first === undefined) throw refusal.schemaUnknown();
      return await stored(database, subject, first.version);
    },
    withProperties: async (subject, properties, { deleted = false } = {}) => {
      const outline = (await outlineOf(database, subject)).filter(({ isDeleted }) => deleted || !isDeleted);
      if (outline.length === 0) throw refusal.subjectUnknown(nameOfSubject(subject));
      const wanted = Object.entries(properties);
      const found = outline.findLast(({ metadata }) =>
        wanted.every(([key, value]) => metadata?.properties?.[key] === value),
      );
      if (found === undefined) throw refusal.schemaUnknown();
      return await stored(database, subject, found.version);
    },
    byId: async (context, id) => {
      const found = await schemaById(database, context, id);
      if (found === undefined) throw refusal.schemaUnknown(id);
      return found;
    },
    byGuid: async (guid) => {
      const [first, ...others] = await schemasByGuid(database, guid);
      if (first === undefined) throw refusal.schemaUnknown(guid);
      return [first, ...others];
    },
    holders: async (context, id, deleted) => {
      if ((await schemaById(database, context, id)) === undefined) throw refusal.schemaUnknown(id);
      return await versionsWithSchema(database, { context, id, deleted });
    },
    referencedBy: async (subject, wanted) => {
      const found = await version(subject, wanted, { deleted: true });
      const name = nameOfSubject(subject);
      const users = await usersOfVersion(database, { subject: name, version: found.version, deleted: "left out" });
      return users.map(({ id }) => id);
    },
    contexts: async () => await contextsOf(database),
  };
}

async function stored(reader: Reader, subject: Subject, version: number): Promise<StoredVersion> {
  const found = await versionOf(reader, { subject, version });
  if (found === undefined) throw refusal.versionUnknown(version);
  return found;
}
