import { defineErrors, type ErrorMakers } from "@polder/model";
import type { Target } from "./database-error.ts";

/** The codes of this package, with what each carries. */
export interface PostgresErrors {
  readonly EMBEDDED_DATA_VERSION: { readonly directory: string; readonly found: string; readonly expected: string };
  readonly EMBEDDED_DIRECTORY_UNUSABLE: { readonly directory: string; readonly reason: string };
  readonly EMBEDDED_PASSWORD_REJECTED: { readonly directory: string };
  readonly EMBEDDED_START_FAILED: { readonly directory: string; readonly log: string };
  readonly EMBEDDED_UNSUPPORTED: { readonly platform: string; readonly arch: string };
  readonly IDEMPOTENCY_KEY_REUSED: { readonly operation: string; readonly key: string };
  readonly LOCK_HELD: { readonly path: string; readonly pid: number };
  readonly MIGRATION_CHANGED: { readonly domain: string; readonly migration: string };
  readonly MIGRATION_FAILED: { readonly domain: string; readonly migration: string; readonly line?: number };
  readonly MIGRATION_LOCKED: { readonly domain: string; readonly waitedMs: number };
  readonly MIGRATION_MISSING: { readonly domain: string; readonly migration: string };
  readonly MIGRATION_OUT_OF_ORDER: { readonly domain: string; readonly migration: string };
  readonly NOT_PROVISIONED: { readonly domain: string; readonly missing: readonly string[] };
  readonly POSTGRES_AUTH_FAILED: Target;
  readonly POSTGRES_BUSY: Target;
  readonly POSTGRES_FULL: Target;
  readonly POSTGRES_TOO_OLD: Target;
  readonly POSTGRES_UNREACHABLE: Target;
  readonly PROVISION_FORBIDDEN: { readonly user: string; readonly missing: readonly string[] };
  readonly SECRETS_READABLE: { readonly path: string; readonly mode: string };
  readonly SECRETS_UNUSABLE: { readonly path: string; readonly reason: string };
  readonly TRANSACTION_ABORTED: object;
  readonly TRANSACTION_ENDED: object;
  readonly URL_INVALID: { readonly variable: string };
}

/** The errors of @polder/postgres. Each code has a page under `docs/errors`. */
export const postgresErrors: ErrorMakers<PostgresErrors> = defineErrors<PostgresErrors>({
  EMBEDDED_DATA_VERSION: "The embedded data is of another major version of PostgreSQL",
  EMBEDDED_DIRECTORY_UNUSABLE: "The embedded PostgreSQL cannot keep its files in its folder",
  EMBEDDED_PASSWORD_REJECTED: "The embedded PostgreSQL does not take the superuser's password",
  EMBEDDED_START_FAILED: "The embedded PostgreSQL did not start",
  EMBEDDED_UNSUPPORTED: "There is no embedded PostgreSQL for this platform",
  IDEMPOTENCY_KEY_REUSED: "An idempotency key was used again for something else",
  LOCK_HELD: "Another process holds a lock for too long",
  MIGRATION_CHANGED: "A migration was changed after it had run",
  MIGRATION_FAILED: "A migration failed",
  MIGRATION_LOCKED: "Another process is migrating the domain",
  MIGRATION_MISSING: "A migration that has run is missing",
  MIGRATION_OUT_OF_ORDER: "A migration comes before one that has run",
  NOT_PROVISIONED: "A domain has no home in the database yet",
  POSTGRES_AUTH_FAILED: "PostgreSQL refused a role or its password",
  POSTGRES_BUSY: "PostgreSQL has no free connection",
  POSTGRES_FULL: "The disk of PostgreSQL is full",
  POSTGRES_TOO_OLD: "This PostgreSQL is too old",
  POSTGRES_UNREACHABLE: "PostgreSQL cannot be reached",
  PROVISION_FORBIDDEN: "The role may not provision",
  SECRETS_READABLE: "Other users of the machine can read the secrets",
  SECRETS_UNUSABLE: "The file of secrets cannot be used",
  TRANSACTION_ABORTED: "A failed statement was swallowed inside a transaction",
  TRANSACTION_ENDED: "A statement came after its transaction had ended",
  URL_INVALID: "The address of the database cannot be read",
});
