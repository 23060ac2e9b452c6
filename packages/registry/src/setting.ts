import { refusal } from "./refusal.ts";
import type { RegistryParts } from "./registry-parts.ts";
import { refuseReadOnly, scopeOf } from "./scope.ts";
import { type RegistryConfig, type RegistryMode, updatedConfig } from "./settings.ts";
import { findSubjects, outlineOf } from "./storage/schema-store.ts";
import { setConfig, setMode, settingOf } from "./storage/setting-store.ts";
import { EVERYWHERE, nameOfSubject, type Subject } from "./subject.ts";
import { changing } from "./transact.ts";

/** Settings of subjects, of contexts (a subject without a name) and of the whole registry ({@link EVERYWHERE}). */
export interface Setting {
  /** What is set for a subject, or with `inherited` what holds for it. Throws 40408 where nothing is set. */
  readonly config: (subject: Subject, options?: { readonly inherited?: boolean }) => Promise<RegistryConfig>;
  /** Puts an update over what is set; gives what is set then. Throws 42203, 42205 where it is only read, 422. */
  readonly updateConfig: (subject: Subject, update: Readonly<Record<string, unknown>>) => Promise<RegistryConfig>;
  /** Takes away what is set; gives what was. Throws 40401 where nothing is set, 42205 where it is only read. */
  readonly deleteConfig: (subject: Subject) => Promise<RegistryConfig>;
  /** The mode of a subject, or with `inherited` the one that holds for it. Throws 40409 where none is set. */
  readonly mode: (subject: Subject, options?: { readonly inherited?: boolean }) => Promise<RegistryMode>;
  /** Sets the mode; to `IMPORT` only where there are no schemas, unless it is forced. Throws 42205. */
  readonly updateMode: (
    subject: Subject,
    mode: RegistryMode,
    options?: { readonly force?: boolean },
  ) => Promise<RegistryMode>;
  /** Takes the mode away; gives what it was. Throws 40401 where none is set. */
  readonly deleteMode: (subject: Subject) => Promise<RegistryMode>;
}

/** Opens the part of the registry that sets. */
export function openSetting({ database }: RegistryParts): Setting {
  const isEverywhere = (subject: Subject): boolean => nameOfSubject(subject) === nameOfSubject(EVERYWHERE);
  return {
    config: async (subject, { inherited = false } = {}) => {
      if (inherited || isEverywhere(subject)) return (await scopeOf(database, subject)).config;
      const config = (await settingOf(database, subject))?.config;
      if (config === undefined || config === null) throw refusal.compatibilityUnset(nameOfSubject(subject));
      return config;
    },
    updateConfig: async (subject, update) =>
      await changing(database, [subject], async (tx) => {
        refuseReadOnly(await scopeOf(tx, subject), subject);
        const config = updatedConfig((await settingOf(tx, subject))?.config ?? {}, update);
        await setConfig(tx, subject, config);
        return config;
      }),
    deleteConfig: async (subject) =>
      await changing(database, [subject], async (tx) => {
        refuseReadOnly(await scopeOf(tx, subject), subject);
        const config = (await settingOf(tx, subject))?.config ?? (isEverywhere(subject) ? {} : undefined);
        if (config === undefined) throw refusal.subjectUnknown(nameOfSubject(subject));
        await setConfig(tx, subject, null);
        return config;
      }),
    mode: async (subject, { inherited = false } = {}) => {
      if (inherited || isEverywhere(subject)) return (await scopeOf(database, subject)).mode;
      const mode = (await settingOf(database, subject))?.mode;
      if (mode === undefined || mode === null) throw refusal.modeUnset(nameOfSubject(subject));
      return mode;
    },
    updateMode: async (subject, mode, { force = false } = {}) =>
      await changing(database, [subject], async (tx) => {
        if (mode === "IMPORT" && !force) {
          const within = isEverywhere(subject) ? {} : { context: subject.context };
          const isTaken =
            subject.name === ""
              ? (await findSubjects(tx, { ...within, deleted: "left out", offset: 0, limit: 1 })).length > 0
              : (await outlineOf(tx, subject)).some(({ isDeleted }) => !isDeleted);
          if (isTaken) throw refusal.notPermitted("Cannot import since found existing subjects");
        }
        await setMode(tx, subject, mode);
        return mode;
      }),
    deleteMode: async (subject) =>
      await changing(database, [subject], async (tx) => {
        const mode = (await settingOf(tx, subject))?.mode ?? (isEverywhere(subject) ? "READWRITE" : undefined);
        if (mode === undefined) throw refusal.subjectUnknown(nameOfSubject(subject));
        await setMode(tx, subject, null);
        return mode;
      }),
  };
}
