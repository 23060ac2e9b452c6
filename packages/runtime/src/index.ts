export { type BuildReadModelOptions, buildReadModel, type ReadModelBuilding } from "./build-read-model.ts";
export { eventAtVersion, type StoredEvent, type VersionedData } from "./domain/event-at-version.ts";
export { runtimeErrors } from "./errors.ts";
export { type Host, type HostOptions, type HttpOptions, startHost } from "./host.ts";
export { type KeyRing, type KeyState, type ListedKey, openKeyRing, RETIRE_AFTER_SECONDS } from "./identity/key-ring.ts";
export { type Identity, type IdentityOptions, openIdentity } from "./identity/open-identity.ts";
export { type PublicKeysPlace, publicKeysPlace } from "./identity/public-keys-place.ts";
export {
  defineConfig,
  type GatewayConfig,
  type GatewayRegistryConfig,
  type IdentityConfig,
  type PolderConfig,
  type RegistryConfig,
} from "./load/config.ts";
export { type LoadedConfig, loadConfig } from "./load/load-config.ts";
export { type LoadedDomain, loadDomains } from "./load/load-domains.ts";
export { type MigrateDomainOptions, type MigratedDomain, migrateDomain } from "./load/migrate-domain.ts";
export { refuseMissingCallees } from "./load/missing-callees.ts";
export { type OpenMounts, openMounts } from "./load/open-mounts.ts";
export type { PlacedDatabase } from "./load/place-databases.ts";
export {
  composedDomains,
  gatewayOptionsOf,
  hostOptionsOf,
  openProject,
  type Project,
  type ProjectOptions,
  polderDirectoryOf,
  registryOptionsOf,
} from "./load/project.ts";
export type {
  MigrateChoice,
  ProjectDatabase,
  ProjectReport,
  ProvisionChoice,
} from "./load/project-database.ts";
export { projectScopes } from "./load/project-scopes.ts";
export { selectDomains } from "./load/select-domains.ts";
export { createLogger, type LogFormat, type LogLevel, withFields } from "./logger.ts";
export { maskSecrets } from "./mask-secrets.ts";
export type { ObserveOptions } from "./observe/host-observer.ts";
export type { HostGatewayOptions } from "./open-gateway.ts";
export { setUpTracing, type Tracing, type TracingOptions, tracesDirectory } from "./traces/set-up-tracing.ts";
export type { TraceOptions } from "./traces/trace-settings.ts";
export {
  domainOfSpan,
  type FoundTrace,
  findTrace,
  listTraces,
  type StoredSpan,
  type TraceSummary,
} from "./traces/trace-store.ts";
export { type TraceNode, traceTree } from "./traces/trace-tree.ts";
