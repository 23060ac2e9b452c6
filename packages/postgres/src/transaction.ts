import type { QueryResult, Reader } from "@polder/model";
import type pg from "pg";
import { explained, type Target } from "./database-error.ts";
import { postgresErrors } from "./errors.ts";
import { type Statement, templateStatement, toConfig, toRows } from "./statement.ts";

/** What a transaction may do: write, or read one consistent snapshot. */
export type TransactionMode = "read write" | "snapshot";

/** A transaction in its owner's hands: handlers get a part of it. */
export interface OpenTransaction extends Reader {
  /** Has a statement been sent? Until then there is neither connection nor transaction. */
  readonly isOpen: () => boolean;
  readonly run: <Row>(statement: Statement) => Promise<QueryResult<Row>>;
  /**
   * Sends the last statements and the commit together, in one round trip. When any of them fails,
   * PostgreSQL turns the commit into a rollback, and the failure is thrown.
   */
  readonly commit: (last?: readonly Statement[]) => Promise<void>;
  /** Ends the transaction without a trace; with `broken` the connection is thrown away as well. Never throws. */
  readonly rollback: (broken?: Error) => Promise<void>;
}

interface Parts {
  readonly connect: () => Promise<pg.PoolClient>;
  readonly named: (statement: Statement) => Statement;
  readonly target: Target;
  readonly mode: TransactionMode;
}

const beginText: Record<TransactionMode, string> = {
  "read write": "begin",
  snapshot: "begin isolation level repeatable read read only",
};

/** Opens a transaction that begins with its first statement. */
export function openTransaction({ connect, named, target, mode }: Parts): OpenTransaction {
  let client: Promise<pg.PoolClient> | undefined;
  let ended = false;

  const begun = (): Promise<pg.PoolClient> => {
    if (ended)
      throw postgresErrors.TRANSACTION_ENDED(
        "A statement came after its transaction had ended: something was not awaited inside the handler. Await every statement.",
        {},
      );
    client ??= connect().then((connected) => {
      // Not awaited: the first statement follows in the same round trip, and fails if this does.
      connected.query(beginText[mode]).catch(() => undefined);
      return connected;
    });
    return client;
  };
  const run = async <Row>(statement: Statement): Promise<QueryResult<Row>> => {
    try {
      const connected = await begun();
      return (await connected.query(toConfig(named(statement)))) as unknown as QueryResult<Row>;
    } catch (error) {
      throw explained(error, target);
    }
  };
  return {
    isOpen: () => client !== undefined && !ended,
    run,
    query: <Row>(text: string, values: readonly unknown[] = []) => run<Row>({ text, values }),
    sql: async <Row>(parts: TemplateStringsArray, ...values: readonly unknown[]) =>
      toRows(await run<Row>(templateStatement(parts, values))),
    commit: async (last = []) => {
      if (client === undefined && last.length === 0) {
        ended = true;
        return;
      }
      const pending = begun();
      ended = true;
      client = undefined;
      let connected: pg.PoolClient;
      try {
        connected = await pending;
      } catch (error) {
        throw explained(error, target);
      }
      await commitOn(connected, last.map(named), target);
    },
    rollback: async (broken) => {
      ended = true;
      const connected = await client?.catch(() => undefined);
      if (connected === undefined) return;
      client = undefined;
      if (broken !== undefined) return connected.release(broken);
      await connected.query("rollback").then(
        () => connected.release(),
        (error: Error) => connected.release(error),
      );
    },
  };
}

async function commitOn(client: pg.PoolClient, last: readonly Statement[], target: Target): Promise<void> {
  const sent = [...last.map((statement) => client.query(toConfig(statement))), client.query("commit")];
  const results = await Promise.allSettled(sent);
  const failed = results.find((result) => result.status === "rejected");
  const commit = results.at(-1);
  const answered = commit?.status === "fulfilled";
  client.release(answered ? undefined : new Error("the commit was not answered"));
  if (failed !== undefined) throw explained(failed.reason, target);
  // A failed statement that nobody looked at leaves an aborted transaction, which commit ends as a rollback.
  if (answered && commit.value.command !== "COMMIT") {
    throw postgresErrors.TRANSACTION_ABORTED(
      "A statement failed inside the transaction and its error was swallowed, so nothing was committed. Let the error through, or use a savepoint.",
      {},
    );
  }
}
