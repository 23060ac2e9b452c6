export { type CompatibilityLevel, compatibilityLevels } from "./compatibility/compatibility-level.ts";
export { registryErrors } from "./errors.ts";
export { openRegistry, type Registry, type RegistryOptions } from "./registry.ts";
export { isReading } from "./rest/is-reading.ts";
export { type RegistryAppOptions, registryApp } from "./rest/registry-app.ts";
export type { JsonSchemaModel } from "./schema/json-schema-format.ts";
export type { SchemaRequest } from "./schema/read-schema-request.ts";
export type { Metadata, RuleSet, SchemaReference, SchemaType } from "./schema/schema-content.ts";
export type { Comparison, CompatibilityPolicy, Difference, SchemaComparer } from "./schema/schema-format.ts";
export type { RegistryConfig, RegistryMode } from "./settings.ts";
export {
  type OpenRegistryApp,
  openRegistryApp,
  type RegistryPlace,
  type RegistryServer,
  type RegistryServerOptions,
  type RegistrySettings,
  startRegistry,
} from "./start-registry.ts";
export { REGISTRY_ROLE, registryDomainSteps, registrySystemSteps } from "./storage/registry-steps.ts";
export type { StoredSchema, StoredVersion } from "./storage/stored-schema.ts";
export { nameOfSubject, type Subject, subjectOf } from "./subject.ts";
export {
  type ContractRetirement,
  type RetiredUser,
  recordRetirement,
  retirementsOf,
} from "./use/contract-retirement.ts";
export {
  type ContractUse,
  type ContractUser,
  forgetOldUses,
  type RecordedTime,
  RUNNING,
  recordedTime,
  recordUse,
  usersOf,
} from "./use/contract-use.ts";
export { startUseRecorder, type UsedContract, type UseRecorder, type UseRecorderOptions } from "./use/use-recorder.ts";
