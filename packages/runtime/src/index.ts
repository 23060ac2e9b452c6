export { runtimeErrors } from "./errors.ts";
export { type Host, type HostOptions, type HttpOptions, startHost } from "./host.ts";
export { defineConfig, type PolderConfig } from "./load/config.ts";
export { type LoadedConfig, loadConfig } from "./load/load-config.ts";
export { type LoadedDomain, loadDomains } from "./load/load-domains.ts";
export {
  hostOptionsOf,
  type MigrateChoice,
  type MigratedDomain,
  openProject,
  type Project,
  type ProjectDatabase,
  type ProjectOptions,
  type ProvisionChoice,
  projectScopes,
  selectDomains,
} from "./load/project.ts";
export { createLogger, type LogFormat, type LogLevel, withFields } from "./logger.ts";
export { maskSecrets } from "./mask-secrets.ts";
