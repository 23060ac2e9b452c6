import type { Reader } from "@polder/model";
import type { RegistryConfig, RegistryMode } from "../settings.ts";
import type { Subject } from "../subject.ts";

/** What is set for one subject, one context or all. */
export interface StoredSetting {
  readonly config: RegistryConfig | null;
  readonly mode: RegistryMode | null;
}

/** What is set for a subject, and for what is around it: the nearest first. */
export async function settingsAround(reader: Reader, subject: Subject): Promise<readonly StoredSetting[]> {
  const { rows } = await reader.query<StoredSetting>(
    `select config, mode
from polder.registry_setting
where (context = $1 and subject in ($2, '')) or (context = '.' and subject = '')
order by subject = '', context = '.'`,
    [subject.context, subject.name],
  );
  return rows;
}

/** What is set for exactly this. */
export async function settingOf(reader: Reader, { context, name }: Subject): Promise<StoredSetting | undefined> {
  const { rows } = await reader.query<StoredSetting>(
    "select config, mode from polder.registry_setting where context = $1 and subject = $2",
    [context, name],
  );
  return rows[0];
}

/** Sets the configuration of a subject, or takes it away. */
export async function setConfig(reader: Reader, subject: Subject, config: RegistryConfig | null): Promise<void> {
  await reader.query(
    `insert into polder.registry_setting (context, subject, config)
values ($1, $2, $3)
on conflict (context, subject) do update set config = excluded.config`,
    [subject.context, subject.name, config === null ? null : JSON.stringify(config)],
  );
}

/** Sets the mode of a subject, or takes it away. */
export async function setMode(reader: Reader, subject: Subject, mode: RegistryMode | null): Promise<void> {
  await reader.query(
    `insert into polder.registry_setting (context, subject, mode)
values ($1, $2, $3)
on conflict (context, subject) do update set mode = excluded.mode`,
    [subject.context, subject.name, mode],
  );
}

/** Forgets what is set for a subject. */
export async function forgetSettings(reader: Reader, { context, name }: Subject): Promise<void> {
  await reader.query("delete from polder.registry_setting where context = $1 and subject = $2", [context, name]);
}
