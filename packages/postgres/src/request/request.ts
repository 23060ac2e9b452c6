import { createHash } from "node:crypto";
import type { Database } from "../database.ts";
import { postgresErrors } from "../errors.ts";
import { identifier } from "../sql-name.ts";
import type { Statement } from "../statement.ts";

/** A command with an idempotency key. */
export interface KeyedRequest {
  /** API and operation, such as `inventory.reserve`. */
  readonly operation: string;
  readonly key: string;
  readonly input: unknown;
}

/** An answer that was stored, and the transaction in which that happened. */
export interface StoredAnswer {
  readonly answer: unknown;
  /** The transaction's id; nothing where a release stored it that did not note it yet. */
  readonly xid: string | null;
  /** When the transaction began. */
  readonly at: Date;
}

/**
 * The answer that this request got when it first came, or nothing.
 *
 * @throws `IDEMPOTENCY_KEY_REUSED` when the key came with another input.
 */
export async function findAnswer(
  database: Database,
  schema: string,
  request: KeyedRequest,
): Promise<StoredAnswer | undefined> {
  const found = await database.query<StoredAnswer & { readonly same: boolean }>(
    `select answer, xid, at, input_hash = $3 as same from ${identifier(schema, "_request")} where operation = $1 and key = $2`,
    [request.operation, request.key, hashOf(request.input)],
  );
  const row = found.rows[0];
  if (row === undefined) return undefined;
  const { same, ...stored } = row;
  if (same) return stored;
  throw postgresErrors.IDEMPOTENCY_KEY_REUSED(
    `The idempotency key ${JSON.stringify(request.key)} of ${request.operation} came before with another input. Take a fresh key for another command.`,
    { operation: request.operation, key: request.key },
  );
}

/** The statement that stores an answer, in the transaction of the command. It fails when the request has an answer already. */
export function answerInsert(schema: string, request: KeyedRequest, answer: unknown): Statement {
  return {
    text: `insert into ${identifier(schema, "_request")} (operation, key, input_hash, answer, xid) values ($1, $2, $3, $4, pg_current_xact_id())`,
    values: [request.operation, request.key, hashOf(request.input), JSON.stringify(answer ?? null)],
  };
}

/** Answers that one round of forgetting deletes at most: a lock of many rows for long helps nobody. */
const FORGET_MAX = 5_000;

/** Forgets answers older than some days, 5,000 at a time; gives how many, so that whoever wants all gone asks until it is none. */
export async function forgetAnswers(database: Database, schema: string, days: number): Promise<number> {
  const deleted = await database.query(
    `delete from ${identifier(schema, "_request")} where (operation, key) in (
  select operation, key from ${identifier(schema, "_request")} where at < now() - make_interval(secs => $1) order by at limit ${FORGET_MAX}
)`,
    [days * 86_400],
  );
  return deleted.rowCount ?? 0;
}

function hashOf(input: unknown): Buffer {
  return createHash("sha256").update(canonical(input)).digest().subarray(0, 16);
}

/** JSON with the fields in order, so that the order in which a caller wrote them does not matter. Nothing is `null`. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
