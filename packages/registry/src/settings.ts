import { type CompatibilityLevel, compatibilityLevels } from "./compatibility/compatibility-level.ts";
import { refusal } from "./refusal.ts";
import { readMetadata, readRuleSet } from "./schema/read-schema-request.ts";
import type { Metadata, RuleSet } from "./schema/schema-content.ts";
import type { CompatibilityPolicy } from "./schema/schema-format.ts";

/** What may be done with a subject. */
export const registryModes = ["READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT", "FORWARD"] as const;

/** `IMPORT` takes schemas with the ids that they have elsewhere; `READONLY` takes none. */
export type RegistryMode = (typeof registryModes)[number];

/** How the schemas of a subject are taken; what is not set is taken from the context, then from the whole registry. */
export interface RegistryConfig {
  readonly alias?: string;
  readonly normalize?: boolean;
  readonly validateFields?: boolean;
  readonly validateNewSchemas?: boolean;
  readonly validateRules?: boolean;
  readonly compatibilityLevel?: CompatibilityLevel;
  readonly compatibilityPolicy?: CompatibilityPolicy;
  /** The property of metadata by which versions are grouped: only those of the same group are compared. */
  readonly compatibilityGroup?: string;
  /** What schemas get that do not say it themselves. */
  readonly defaultMetadata?: Metadata;
  /** What schemas get whatever they say. */
  readonly overrideMetadata?: Metadata;
  readonly defaultRuleSet?: RuleSet;
  readonly overrideRuleSet?: RuleSet;
}

const policies: readonly string[] = ["STRICT", "LENIENT", "LOGICAL"];

type Read = (value: unknown, field: string) => unknown;

const readers: Readonly<Record<keyof RegistryConfig, Read>> = {
  alias: readText,
  normalize: readFlag,
  validateFields: readFlag,
  validateNewSchemas: readFlag,
  validateRules: readFlag,
  compatibilityLevel: (value) => {
    const level = typeof value === "string" ? value.toUpperCase() : "";
    if (!compatibilityLevels.includes(level as CompatibilityLevel)) throw refusal.levelInvalid();
    return level;
  },
  compatibilityPolicy: (value) => {
    const policy = typeof value === "string" ? value.toUpperCase() : "";
    if (!policies.includes(policy))
      throw refusal.unprocessable(`Invalid compatibility policy. Valid values are ${policies.join(", ")}`);
    return policy;
  },
  compatibilityGroup: readText,
  defaultMetadata: readMetadata,
  overrideMetadata: readMetadata,
  defaultRuleSet: readRuleSet,
  overrideRuleSet: readRuleSet,
};

/**
 * Puts an update over a configuration: a field that is missing stays, one that is null goes. The level is called
 * `compatibility` in an update.
 *
 * @throws `REGISTRY_REFUSED` 42203 for no level, 422 for other values that cannot be.
 */
export function updatedConfig(before: RegistryConfig, update: Readonly<Record<string, unknown>>): RegistryConfig {
  const { compatibility, ...others } = update;
  const given: Readonly<Record<string, unknown>> =
    compatibility === undefined ? others : { ...others, compatibilityLevel: compatibility };
  const after: Record<string, unknown> = { ...before };
  for (const [field, read] of Object.entries(readers)) {
    const value = given[field];
    if (value === null) delete after[field];
    else if (value !== undefined) after[field] = read(value, field);
  }
  return after as RegistryConfig;
}

/** Reads a mode. Throws `REGISTRY_REFUSED` 42204. */
export function readMode(value: unknown): RegistryMode {
  const mode = typeof value === "string" ? value.toUpperCase() : "";
  if (!registryModes.includes(mode as RegistryMode)) throw refusal.modeInvalid();
  return mode as RegistryMode;
}

function readText(value: unknown, field: string): string {
  if (typeof value === "string") return value;
  throw refusal.unprocessable(`"${field}" must be a text`);
}

function readFlag(value: unknown, field: string): boolean {
  if (typeof value === "boolean") return value;
  throw refusal.unprocessable(`"${field}" must be true or false`);
}
