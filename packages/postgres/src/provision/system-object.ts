import { createHash } from "node:crypto";

/**
 * A step of what Polder itself keeps in a database: tables, functions, grants. Polder's own role runs it, and so
 * owns what it makes. It runs once, or again whenever its text changes.
 */
export interface SystemStep {
  /** Unique within its scope, such as `0001 outbox`; steps run in the order in which they are listed. */
  readonly name: string;
  readonly sql: string;
  /** Run again when the text has changed: for `create or replace` and grants. Default false. */
  readonly repeatable?: boolean;
}

/** Steps that belong together: those of the whole database, or those of one domain. */
export interface SystemScope {
  /** `system`, or the name of a domain. */
  readonly scope: string;
  readonly steps: readonly SystemStep[];
  /** Roles of processes of Polder itself, to which the steps give rights: each gets a login. Default none. */
  readonly logins?: readonly string[];
}

/** The fingerprint under which a step's run is remembered. */
export function stepHash(step: SystemStep): string {
  return createHash("sha256").update(step.sql).digest("hex").slice(0, 16);
}
