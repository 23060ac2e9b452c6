import type { Reader } from "@polder/model";
import { refusal } from "./refusal.ts";
import type { RegistryParts } from "./registry-parts.ts";
import { refuseReadOnly, scopeOf } from "./scope.ts";
import { deleteVersions, findSubjects, outlineOf, usersOfVersion } from "./storage/schema-store.ts";
import { forgetSettings } from "./storage/setting-store.ts";
import { nameOfSubject, type Subject } from "./subject.ts";
import { changing } from "./transact.ts";

/** Deleting softly, which hides, and for good, which only what is hidden can be. */
export interface Deleting {
  /**
   * Deletes a subject with all its versions; gives their numbers.
   *
   * @throws `REGISTRY_REFUSED` 40401, 40404, 40405, 42205 in a mode that only reads, 42206 where other schemas use one.
   */
  readonly deleteSubject: (subject: Subject, options: { readonly isPermanent: boolean }) => Promise<readonly number[]>;
  /**
   * Deletes one version; gives its number. A schema whose id is in messages should not be deleted for good.
   *
   * @throws `REGISTRY_REFUSED` 40401, 40402, 40406, 40407, 42205, 42206.
   */
  readonly deleteVersion: (
    subject: Subject,
    version: number | "latest",
    options: { readonly isPermanent: boolean },
  ) => Promise<number>;
  /** Forgets the settings of a context without subjects. Throws 42211 where it has some. */
  readonly deleteContext: (context: string) => Promise<void>;
}

/** Opens the part of the registry that deletes. */
export function openDeleting({ database }: RegistryParts): Deleting {
  return {
    deleteSubject: async (subject, { isPermanent }) =>
      await changing(database, [subject], async (tx) => {
        refuseReadOnly(await scopeOf(tx, subject), subject);
        const name = nameOfSubject(subject);
        const outline = await outlineOf(tx, subject);
        const living = outline.filter(({ isDeleted }) => !isDeleted);
        if (outline.length === 0) throw refusal.subjectUnknown(name);
        if (isPermanent && living.length > 0) throw refusal.subjectNotDeleted(name);
        if (!isPermanent && living.length === 0) throw refusal.subjectDeleted(name);
        const versions = (isPermanent ? outline : living).map(({ version }) => version);
        for (const version of versions) await refuseReferenced(tx, subject, { version, isPermanent });
        await deleteVersions(tx, subject, { versions, isPermanent });
        await forgetSettings(tx, subject);
        return versions;
      }),
    deleteVersion: async (subject, wanted, { isPermanent }) =>
      await changing(database, [subject], async (tx) => {
        refuseReadOnly(await scopeOf(tx, subject), subject);
        const name = nameOfSubject(subject);
        const outline = await outlineOf(tx, subject);
        const living = outline.filter(({ isDeleted }) => !isDeleted);
        if (outline.length === 0) throw refusal.subjectUnknown(name);
        const found = wanted === "latest" ? living.at(-1) : outline.find(({ version }) => version === wanted);
        if (found === undefined) throw refusal.versionUnknown(wanted);
        const { version, isDeleted } = found;
        if (isPermanent && !isDeleted) throw refusal.versionNotDeleted(name, version);
        if (!isPermanent && isDeleted) throw refusal.versionDeleted(name, version);
        await refuseReferenced(tx, subject, { version, isPermanent });
        await deleteVersions(tx, subject, { versions: [version], isPermanent });
        if (living.every((one) => one.version === version)) await forgetSettings(tx, subject);
        return version;
      }),
    deleteContext: async (context) => {
      const all: Subject = { context, name: "" };
      await changing(database, [all], async (tx) => {
        const search = { context, deleted: "included", offset: 0, limit: 1 } as const;
        if ((await findSubjects(tx, search)).length > 0) throw refusal.contextNotEmpty(context);
        await forgetSettings(tx, all);
      });
    },
  };
}

async function refuseReferenced(
  tx: Reader,
  subject: Subject,
  { version, isPermanent }: { readonly version: number; readonly isPermanent: boolean },
): Promise<void> {
  const name = nameOfSubject(subject);
  const users = await usersOfVersion(tx, { subject: name, version, deleted: isPermanent ? "included" : "left out" });
  if (users.length > 0) throw refusal.referenced(name, version);
}
