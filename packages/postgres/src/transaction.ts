import type { QueryResult, Reader } from "@polder/model";
import type pg from "pg";
import { explained, isConnectionLost, isOutdatedPlan, type Target } from "./database-error.ts";
import { type DatabaseObserver, observed, type TransactionOutcome } from "./database-observer.ts";
import { postgresErrors } from "./errors.ts";
import { sendTogether } from "./send-together.ts";
import { identifier, literal } from "./sql-name.ts";
import { type Statement, type StatementNames, templateStatement, toConfig, toRows } from "./statement.ts";

/** What a transaction may do: write, or read one consistent snapshot. */
export type TransactionMode = "read write" | "snapshot";

/** A transaction in its owner's hands: handlers get a part of it. */
export interface OpenTransaction extends Reader {
  /** Has a statement been sent? Until then there is neither connection nor transaction. */
  readonly isOpen: () => boolean;
  readonly run: <Row>(statement: Statement) => Promise<QueryResult<Row>>;
  /**
   * Sends the last statements and the commit together, in one round trip, and gives the results of the statements. When
   * any of them fails, PostgreSQL turns the commit into a rollback, and the failure is thrown.
   *
   * @throws `TRANSACTION_ENDED` when it has been rolled back or committed before, `TRANSACTION_ABORTED` when a
   * statement failed and nobody said so.
   */
  readonly commit: (last?: readonly Statement[]) => Promise<readonly QueryResult<unknown>[]>;
  /**
   * Ends the transaction without a trace. With `broken`, what is under way is not waited for: the connection is cut,
   * its statements fail with `broken`, and PostgreSQL ends the session when it notices, within five seconds. Never throws.
   */
  readonly rollback: (broken?: Error) => Promise<void>;
}

interface Parts {
  readonly connect: () => Promise<pg.PoolClient>;
  readonly names: StatementNames;
  readonly target: Target;
  readonly mode: TransactionMode;
  /** Set for the transaction alone, where the session is not ours to set. Default none. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly observer: DatabaseObserver | undefined;
}

const beginText: Record<TransactionMode, string> = {
  "read write": "begin",
  snapshot: "begin isolation level repeatable read read only",
};

/**
 * Opens a transaction that begins with its first statement: until then it is idle, afterwards open, and ended by
 * `commit` or `rollback`, whichever comes first.
 */
export function openTransaction({ connect, names, target, mode, observer, settings = {} }: Parts): OpenTransaction {
  const beginning = beginningOf(mode, settings);
  let client: Promise<pg.PoolClient> | undefined;
  let ended = false;
  let begunMs = 0;

  const begun = (): Promise<pg.PoolClient> => {
    if (ended) throw tooLate();
    client ??= connect().then((connected) => {
      begunMs = performance.now();
      sendTogether(connected);
      // Not awaited: the first statement follows in the same round trip, and fails if this does.
      connected.query(beginning).catch(() => undefined);
      return connected;
    });
    return client;
  };
  /** Takes the connection away at once, so that whoever ends the transaction too finds nothing to give back. */
  const end = (): Promise<pg.PoolClient> | undefined => {
    const taken = client;
    client = undefined;
    ended = true;
    return taken;
  };
  const run = async <Row>(statement: Statement): Promise<QueryResult<Row>> => {
    try {
      const connected = await begun();
      const send = () => connected.query(toConfig(statement, names));
      return (await observed(observer, statement.text, send)) as unknown as QueryResult<Row>;
    } catch (error) {
      if (isOutdatedPlan(error)) names.renew(statement.text);
      throw explained(error, target);
    }
  };
  const tell = (outcome: TransactionOutcome): void => {
    observer?.transaction(mode === "snapshot" ? "read" : outcome, (performance.now() - begunMs) / 1_000);
  };
  return {
    isOpen: () => client !== undefined,
    run,
    query: <Row>(text: string, values: readonly unknown[] = []) => run<Row>({ text, values }),
    sql: async <Row>(parts: TemplateStringsArray, ...values: readonly unknown[]) =>
      toRows(await run<Row>(templateStatement(parts, values))),
    commit: async (last = []) => {
      if (ended) throw tooLate();
      if (last.length > 0) void begun();
      const connected = await end()?.catch((error: unknown) => Promise.reject(explained(error, target)));
      if (connected === undefined) return [];
      try {
        const results = await commitOn(connected, last, { names, target, observer });
        tell("committed");
        return results;
      } catch (error) {
        tell("rolled back");
        throw error;
      }
    },
    rollback: async (broken) => {
      const connected = await end()?.catch(() => undefined);
      if (connected === undefined) return;
      tell("rolled back");
      if (broken !== undefined) return cut(connected, broken);
      await connected.query("rollback").then(
        () => connected.release(),
        (error: Error) => connected.release(error),
      );
    },
  };
}

/** One text, so that a pooler sends all of it to the same session. */
function beginningOf(mode: TransactionMode, settings: Readonly<Record<string, string>>): string {
  const sets = Object.entries(settings).map(
    ([name, value]) => `set local ${identifier(name)} = ${settingValue(name, value)}`,
  );
  return [beginText[mode], ...sets].join("; ");
}

/** The search path is a list of names; whatever else is set is one value. */
function settingValue(name: string, value: string): string {
  return name === "search_path" ? value : literal(value);
}

async function commitOn(
  client: pg.PoolClient,
  last: readonly Statement[],
  { names, target, observer }: Pick<Parts, "names" | "target" | "observer">,
): Promise<readonly QueryResult<unknown>[]> {
  sendTogether(client);
  const sent = [
    ...last.map((statement) => observed(observer, statement.text, () => client.query(toConfig(statement, names)))),
    observed(observer, "commit", () => client.query("commit")),
  ];
  const results = await Promise.allSettled(sent);
  const commit = results.at(-1);
  client.release(
    commit?.status === "rejected" && isConnectionLost(commit.reason) ? (commit.reason as Error) : undefined,
  );
  const failed = results.findIndex(({ status }) => status === "rejected");
  const failure = results[failed];
  if (failure?.status === "rejected") {
    const statement = last[failed];
    if (statement !== undefined && isOutdatedPlan(failure.reason)) names.renew(statement.text);
    throw explained(failure.reason, target);
  }
  // A failed statement that nobody looked at leaves an aborted transaction, which commit ends as a rollback.
  if (commit?.status === "fulfilled" && commit.value.command !== "COMMIT") {
    throw postgresErrors.TRANSACTION_ABORTED(
      "A statement failed inside the transaction and its error was swallowed, so nothing was committed. Let the error through, or use a savepoint.",
      {},
    );
  }
  return results.slice(0, -1).flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

/** Released alone, a connection in pipeline mode would first bring its statements to an end. */
function cut(client: pg.PoolClient, reason: Error): void {
  client.release(reason);
  (client as unknown as pg.Client & { readonly connection: pg.Connection }).connection.stream.destroy(reason);
}

function tooLate(): Error {
  return postgresErrors.TRANSACTION_ENDED(
    "A statement came after its transaction had ended: it took too long and was rolled back, or something was not awaited inside the handler. Await every statement.",
    {},
  );
}
