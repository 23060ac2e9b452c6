import type { Reader } from "@polder/model";
import { type EarlierVersion, incompatibilities } from "./compatibility/check-compatibility.ts";
import { registryErrors } from "./errors.ts";
import { type ReadContent, readContent, readStored } from "./read-content.ts";
import { refusal } from "./refusal.ts";
import type { RegistryParts } from "./registry-parts.ts";
import type { SchemaRequest } from "./schema/read-schema-request.ts";
import { guidOf } from "./schema/schema-content.ts";
import { refuseReadOnly, type Scope, scopeOf } from "./scope.ts";
import {
  addVersion,
  idOfContent,
  importContent,
  outlineOf,
  type VersionOutline,
  versionOf,
} from "./storage/schema-store.ts";
import type { StoredVersion } from "./storage/stored-schema.ts";
import { nameOfSubject, type Subject, subjectOf } from "./subject.ts";
import { changing } from "./transact.ts";

/** Taking schemas. */
export interface Registering {
  /**
   * Registers a schema as the next version of a subject, if it is compatible with the earlier ones. What the subject has
   * already gets no new version, in whatever mode, and the same content has the same id in all subjects.
   *
   * @throws `REGISTRY_SCHEMA_INVALID`, `REGISTRY_INCOMPATIBLE`, `REGISTRY_REFUSED` where the mode of the subject does
   * not allow it. Nothing is kept then, and no id is used up.
   */
  readonly register: (
    subject: Subject,
    request: SchemaRequest,
    options?: { readonly normalize?: boolean },
  ) => Promise<StoredVersion>;
  /**
   * Why a schema is not compatible: with one version of a subject, or, without one, with those that its level asks for.
   * None when it is.
   *
   * @throws `REGISTRY_SCHEMA_INVALID`, `REGISTRY_REFUSED` 40402 where there is no such version.
   */
  readonly check: (
    subject: Subject,
    request: SchemaRequest,
    options?: { readonly version?: number | "latest"; readonly normalize?: boolean },
  ) => Promise<readonly string[]>;
}

/** Opens the part of the registry that takes schemas. */
export function openRegistering(parts: RegistryParts): Registering {
  const { database, formats } = parts;
  return {
    register: async (subject, request, { normalize = false } = {}) => {
      // Most who register have done so before: they wait for nobody.
      const before = await standingOf(database, parts, { subject, request, normalize });
      if (before.same !== undefined) return await stored(database, subject, before.same.version);
      refuseMode(before.scope, subject, request);
      // What it refers to cannot be deleted meanwhile.
      const subjects = [subject, ...request.references.map((one) => subjectOf(one.subject, subject.context))];
      return await changing(database, subjects, async (tx) => {
        const { scope, outline, living, read, same } = await standingOf(tx, parts, { subject, request, normalize });
        if (same !== undefined) return await stored(tx, subject, same.version);
        refuseMode(scope, subject, request);
        if (scope.mode !== "IMPORT") {
          const messages = await messagesFor({ tx, parts, subject, scope, read, earlier: living });
          if (messages.length > 0) throw incompatible(parts, subject, messages);
        }
        const version = versionFor(subject, request, outline);
        await addVersion(tx, { subject, version }, await idFor(tx, subject, request, read));
        return await stored(tx, subject, version);
      });
    },
    check: async (subject, request, { version, normalize = false } = {}) => {
      const scope = await scopeOf(database, subject);
      const living = (await outlineOf(database, subject)).filter(({ isDeleted }) => !isDeleted);
      const latest = await latestOf(database, subject, living);
      const read = await readContent(database, request, {
        formats,
        subject,
        scope,
        latest,
        normalize,
        references: "living",
      });
      const earlier = earlierVersions(living, version);
      return await messagesFor({ tx: database, parts, subject, scope, read, earlier });
    },
  };
}

/** A schema that was handed in, beside what its subject has. */
interface Standing {
  readonly scope: Scope;
  readonly outline: readonly VersionOutline[];
  readonly living: readonly VersionOutline[];
  readonly read: ReadContent;
  /** The version that holds it already. */
  readonly same: VersionOutline | undefined;
}

async function standingOf(
  reader: Reader,
  { formats }: RegistryParts,
  asked: { readonly subject: Subject; readonly request: SchemaRequest; readonly normalize: boolean },
): Promise<Standing> {
  const { subject, request, normalize } = asked;
  const scope = await scopeOf(reader, subject);
  const outline = await outlineOf(reader, subject);
  const living = outline.filter(({ isDeleted }) => !isDeleted);
  const latest = await latestOf(reader, subject, living);
  const place = { formats, subject, scope, latest, normalize, references: "living" } as const;
  const read = await readContent(reader, request, place);
  const guid = guidOf(read.content);
  const found = living.findLast((version) => version.guid === guid);
  const isMeant = (given: number | undefined, known: number | undefined): boolean =>
    given === undefined || given === known;
  const isSame = isMeant(request.version, found?.version) && isMeant(request.id, found?.id);
  return { scope, outline, living, read, same: isSame ? found : undefined };
}

/** What is compared when somebody asks about one version, or about all. */
function earlierVersions(
  living: readonly VersionOutline[],
  version: number | "latest" | undefined,
): readonly VersionOutline[] {
  if (version === undefined) return living;
  if (version === "latest") return living.slice(-1);
  const one = living.find((candidate) => candidate.version === version);
  if (one === undefined) throw refusal.versionUnknown(version);
  return [one];
}

interface Comparing {
  readonly tx: Reader;
  readonly parts: RegistryParts;
  readonly subject: Subject;
  readonly scope: Scope;
  readonly read: ReadContent;
  readonly earlier: readonly VersionOutline[];
}

async function messagesFor({ tx, parts, subject, scope, read, earlier }: Comparing): Promise<readonly string[]> {
  const { compatibilityLevel: level, compatibilityPolicy: policy = "STRICT", compatibilityGroup: group } = scope.config;
  const groupOf = ({ metadata }: Pick<VersionOutline, "metadata">): string | undefined =>
    group === undefined ? undefined : metadata?.properties?.[group];
  const own = groupOf(read.content);
  const compared = earlier.filter((version) => groupOf(version) === own);
  return await incompatibilities({
    format: read.format,
    schema: read.model,
    metadata: read.content.metadata,
    level,
    policy,
    earlier: compared.map(({ version, type }): EarlierVersion => {
      const load = async () => {
        const one = await stored(tx, subject, version);
        return { text: one.text, model: await readStored(tx, parts.formats, one) };
      };
      return { version, type, load };
    }),
  });
}

function refuseMode(scope: Scope, subject: Subject, { id }: SchemaRequest): void {
  refuseReadOnly(scope, subject);
  const where = `Subject ${nameOfSubject(subject)} in context ${subject.context}`;
  const isImporting = scope.mode === "IMPORT" || scope.mode === "FORWARD";
  if (id !== undefined && !isImporting) throw refusal.notPermitted(`${where} is not in import mode`);
  if (id === undefined && isImporting) throw refusal.notPermitted(`${where} is not in read-write mode`);
}

function versionFor(subject: Subject, { version }: SchemaRequest, outline: readonly VersionOutline[]): number {
  const next = (outline.at(-1)?.version ?? 0) + 1;
  if (version === undefined || version === next) return next;
  const isTaken = outline.some((one) => one.version === version);
  if (!isTaken && version > next) return version;
  throw refusal.notPermitted(
    `Version ${version} of subject ${nameOfSubject(subject)} cannot be given any more; the next one is ${next}`,
  );
}

async function idFor(tx: Reader, subject: Subject, { id }: SchemaRequest, { content }: ReadContent): Promise<number> {
  const { context } = subject;
  if (id === undefined) return (await idOfContent(tx, context, content)).id;
  const { isKept } = await importContent(tx, { context, id, content });
  if (isKept) return id;
  throw refusal.notPermitted(`Overwrite new schema with id ${id} in context ${context} is not permitted.`);
}

async function latestOf(
  reader: Reader,
  subject: Subject,
  living: readonly VersionOutline[],
): Promise<StoredVersion | undefined> {
  const latest = living.at(-1);
  return latest === undefined ? undefined : await versionOf(reader, { subject, version: latest.version });
}

async function stored(reader: Reader, subject: Subject, version: number): Promise<StoredVersion> {
  const found = await versionOf(reader, { subject, version });
  if (found === undefined) throw refusal.versionUnknown(version);
  return found;
}

function incompatible({ incompatibleCode }: RegistryParts, subject: Subject, messages: readonly string[]): Error {
  const name = nameOfSubject(subject);
  return registryErrors.REGISTRY_INCOMPATIBLE(
    `Schema being registered is incompatible with an earlier schema for subject "${name}", details: [${messages.join(", ")}]`,
    { errorCode: incompatibleCode, subject: name, messages },
  );
}
