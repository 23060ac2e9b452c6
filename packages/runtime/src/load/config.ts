import type { CallRules, IssuerOptions, RateLimit, ServedDocuments } from "@polder/http";
import type { Access } from "@polder/model";
import type { Retention } from "../domain/retention.ts";
import type { HttpOptions } from "../host.ts";
import type { SlowOptions } from "../observe/slow-work.ts";
import type { TraceOptions } from "../traces/trace-settings.ts";

/** How domains prove who they are. */
export interface IdentityConfig {
  /**
   * The public keys of all domains: a URL, or a path relative to the configuration. Default: the environment's
   * `POLDER_PUBLIC_KEYS` (which may also hold the key set itself), or else `.polder/keys.json`, which Polder writes.
   */
  readonly publicKeys?: string;
  /** How far the clocks of two machines may be apart, in seconds, from 0 to 60. Default 5. */
  readonly clockToleranceSeconds?: number;
}

/** How the outside gets in. */
export interface GatewayConfig extends HttpOptions {
  /** Who issues the tokens of users. */
  readonly issuer?: IssuerOptions;
  /** How often one user, or one address without a user, may call. Default 50 a second, 100 at once. */
  readonly rateLimit?: RateLimit;
  /**
   * Which documents about contracts everybody may read below `/contracts`: of what is `open` to the outside, `all`,
   * with events and operations for domains only, or `none`. Default `open`.
   */
  readonly documents?: ServedDocuments;
  /** Who may come to the registry through the gateway, at `/registry`. Default: nobody. */
  readonly registry?: GatewayRegistryConfig;
  /**
   * Domains whose compositions the gateway answers in its own process, whether or not they run anywhere. What these ask
   * must be open to the outside, and the user must be allowed to see it. Default: none.
   */
  readonly composes?: readonly string[];
}

/** Who from outside may come to the registry: `anyone`, `signed-in`, or whoever holds a permission. */
export interface GatewayRegistryConfig {
  readonly read: Access;
  /** Default: nobody. */
  readonly write?: Access;
}

/** The registry of schemas. */
export interface RegistryConfig extends HttpOptions {
  /** The number that clients are told when a schema is not compatible: 409 or 40901. Default 409. */
  readonly incompatibleCode?: 409 | 40901;
}

/** What `polder.config.ts` exports: which domains there are, and where they run. */
export interface PolderConfig {
  /** Folders of the domains, relative to the configuration; each has an `index.ts` that exports its implementation. */
  readonly domains: readonly string[];
  /** Address of the database, `postgres://…`. Default: the environment's `DATABASE_URL`; without one, an embedded PostgreSQL. */
  readonly database?: string;
  /**
   * Databases of domains that live apart from the others, by the domain's name: an address, the name of an environment
   * variable that has it, or `embedded:<name>` for a database of its own in the embedded server. Without an entry the
   * environment's `DATABASE_URL_<DOMAIN>` counts.
   */
  readonly databases?: Readonly<Record<string, string>>;
  readonly http?: HttpOptions;
  /**
   * Base URLs of domains that run in other processes, by name; several are tried in turn. Without an entry the
   * environment's `POLDER_URL_<DOMAIN>` counts.
   */
  readonly urls?: Readonly<Record<string, string | readonly string[]>>;
  /** How the failure of other domains is lived with: bulkheads, circuit breakers, repetitions. */
  readonly calls?: Partial<CallRules>;
  readonly identity?: IdentityConfig;
  /** The gateway of `polder dev` and of `polder start --gateway`. */
  readonly gateway?: GatewayConfig;
  /** The registry of `polder start --registry`. */
  readonly registry?: RegistryConfig;
  /** Connections that a process has to the database for each of its domains at most. Default 10. */
  readonly connectionsMax?: number;
  /**
   * Keep statements prepared on each connection. `false` for processes whose address of the database is that of a
   * pooler in transaction mode, such as PgBouncer. Default true.
   */
  readonly prepare?: boolean;
  /** For how long what is over is kept: events, answers, sagas. */
  readonly retention?: Retention;
  /** Which traces are kept, and how many bytes of them; `false` makes none. */
  readonly traces?: TraceOptions | false;
  /** Serve metrics at `/metrics` of every host. Default true. */
  readonly metrics?: boolean;
  /** From when on statements and handlers are slow: they are logged and counted. */
  readonly slow?: SlowOptions;
}

/** Helps an editor to complete `polder.config.ts`; gives back what it gets. */
export function defineConfig(config: PolderConfig): PolderConfig {
  return config;
}
