import type { Reader } from "@polder/model";
import { refusal } from "./refusal.ts";
import type { RegistryConfig, RegistryMode } from "./settings.ts";
import { settingsAround } from "./storage/setting-store.ts";
import { nameOfSubject, type Subject } from "./subject.ts";

/** What holds for a subject: what is set for itself, then for its context, then for the whole registry. */
export interface Scope {
  readonly config: RegistryConfig & Required<Pick<RegistryConfig, "compatibilityLevel">>;
  readonly mode: RegistryMode;
}

/** What holds where nothing is set: as with Confluent Schema Registry. */
const defaults: Scope = { config: { compatibilityLevel: "BACKWARD" }, mode: "READWRITE" };

/** What holds for a subject. */
export async function scopeOf(reader: Reader, subject: Subject): Promise<Scope> {
  const settings = await settingsAround(reader, subject);
  const configs = settings.toReversed().map(({ config }) => config ?? {});
  // Whoever sets the whole registry to READONLY_OVERRIDE means every subject.
  const override = settings.find(({ mode }) => mode === "READONLY_OVERRIDE")?.mode;
  const mode = override ?? settings.find((setting) => setting.mode !== null)?.mode ?? defaults.mode;
  return { config: Object.assign({}, defaults.config, ...configs) as Scope["config"], mode };
}

/** Refuses changes of a subject that may only be read. Throws `REGISTRY_REFUSED` 42205. */
export function refuseReadOnly({ mode }: Scope, subject: Subject): void {
  if (mode === "READONLY" || mode === "READONLY_OVERRIDE")
    throw refusal.notPermitted(`Subject ${nameOfSubject(subject)} in context ${subject.context} is in read-only mode`);
}
