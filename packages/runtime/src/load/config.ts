import type { HttpOptions } from "../host.ts";
import type { SlowOptions } from "../observe/slow-work.ts";
import type { TraceOptions } from "../traces/trace-settings.ts";

/** What `polder.config.ts` exports: which domains there are, and where they run. */
export interface PolderConfig {
  /** Folders of the domains, relative to the configuration; each has an `index.ts` that exports its implementation. */
  readonly domains: readonly string[];
  /** Address of the database, `postgres://…`. Default: the environment's `DATABASE_URL`; without one, an embedded PostgreSQL. */
  readonly database?: string;
  readonly http?: HttpOptions;
  /** Base URLs of domains that run in other processes, by name. */
  readonly urls?: Readonly<Record<string, string>>;
  /** Connections that a process has to the database for each of its domains at most. Default 10. */
  readonly connectionsMax?: number;
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
