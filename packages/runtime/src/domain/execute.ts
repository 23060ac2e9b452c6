import { randomUUID } from "node:crypto";
import type { AdmittedCall, Execute, Executed } from "@polder/http";
import type { CommandContext, Domain, Handler, Logger, QueryContext, Refused } from "@polder/model";
import { answerInsert, type Database, findAnswer, isAnsweredMeanwhile, isWorthRepeating, type KeyedRequest } from "@polder/postgres";
import { inSpan } from "../tracing.ts";
import { callsOf, type FindTransport } from "./calls.ts";
import { handlerTransaction } from "./handler-transaction.ts";

/** What running the handlers of a domain needs. */
export interface ExecuteParts {
  readonly domain: Domain;
  /** The domain's database, as its own role. */
  readonly database: Database;
  readonly schema: string;
  readonly findTransport: FindTransport;
  /** Told when events have been committed. */
  readonly published: () => void;
  readonly logger: Logger;
}

/** Runs of a command at most, when its transaction loses against another one. */
const RUNS_MAX = 4;

/**
 * Makes the one who runs a domain's handlers. A query reads one snapshot. A command runs in one transaction, which
 * carries what it publishes and, when it has a key, its answer; the same key again gets the same answer.
 */
export function createExecute(parts: ExecuteParts): Execute {
  return async (handler, call) => {
    const name = `${handler.api}.${handler.operation}`;
    return await inSpan(`handle ${name}`, { "polder.domain": parts.domain.name }, () =>
      handler.declared.kind === "query" ? runQuery(parts, handler, call) : runCommand(parts, handler, call),
    );
  };
}

async function runQuery(parts: ExecuteParts, handler: Handler, call: AdmittedCall): Promise<Executed> {
  const transaction = parts.database.begin("snapshot");
  const abandon = (): void => void transaction.rollback(asError(call.signal.reason));
  call.signal.addEventListener("abort", abandon, { once: true });
  try {
    const context: QueryContext = {
      tx: { sql: transaction.sql, query: transaction.query },
      ...contextOf(parts, call, transaction.isOpen),
    };
    return await call.conclude(await handler.run(context as CommandContext));
  } finally {
    call.signal.removeEventListener("abort", abandon);
    await transaction.rollback();
  }
}

async function runCommand(parts: ExecuteParts, handler: Handler, call: AdmittedCall): Promise<Executed> {
  const { database, schema } = parts;
  const request: KeyedRequest | undefined =
    call.key === undefined ? undefined : { operation: `${handler.api}.${handler.operation}`, key: call.key, input: structuredClone(call.input) };
  const first = request === undefined ? undefined : await findAnswer(database, schema, request);
  if (first !== undefined) return first as Executed;
  // The same key in every run: what the handler has others do under keys derived from it is not done twice.
  const key = call.key ?? randomUUID();
  for (let run = 1; ; run += 1) {
    try {
      return await runOnce(parts, handler, call, { key, request });
    } catch (error) {
      if (request !== undefined && isAnsweredMeanwhile(error)) {
        const meanwhile = await findAnswer(database, schema, request);
        if (meanwhile !== undefined) return meanwhile as Executed;
      }
      if (run >= RUNS_MAX || !isWorthRepeating(error) || call.signal.aborted) throw error;
      parts.logger.debug("a command lost against another transaction and runs again", { operation: handler.operation, run });
    }
  }
}

interface CommandRun {
  readonly key: string;
  /** Missing where the caller gave no key: then its answer is not kept. */
  readonly request: KeyedRequest | undefined;
}

async function runOnce(parts: ExecuteParts, handler: Handler, call: AdmittedCall, { key, request }: CommandRun): Promise<Executed> {
  const { domain, database, schema } = parts;
  const transaction = database.begin();
  // Whoever is told that it took too long must not find it done: the connection goes, and the transaction with it.
  const abandon = (): void => void transaction.rollback(asError(call.signal.reason));
  call.signal.addEventListener("abort", abandon, { once: true });
  try {
    const { tx, outbox } = handlerTransaction(domain, transaction, schema);
    const read = { sql: database.sql, query: database.query };
    const context: CommandContext = { tx, read, key, ...contextOf(parts, call, transaction.isOpen) };
    const executed = await call.conclude(await handler.run(context));
    if (executed.kind === "refused") {
      await transaction.rollback();
      if (request !== undefined) await database.run(answerInsert(schema, request, executed));
      return executed;
    }
    const events = await outbox();
    const answer = request === undefined ? [] : [answerInsert(schema, request, executed)];
    await inSpan("commit", { "polder.domain": domain.name }, () => transaction.commit([...events, ...answer]));
    if (events.length > 0) parts.published();
    return executed;
  } catch (error) {
    await transaction.rollback();
    throw error;
  } finally {
    call.signal.removeEventListener("abort", abandon);
  }
}

type SharedContext = Pick<CommandContext, "input" | "refuse" | "call" | "signal" | "log">;

function contextOf({ domain, findTransport, logger }: ExecuteParts, call: AdmittedCall, isInTransaction: () => boolean): SharedContext {
  return {
    input: call.input as CommandContext["input"],
    refuse: ((refusal: string, details: unknown): Refused => ({ kind: "refused", refusal, details })) as CommandContext["refuse"],
    call: callsOf({ domain, findTransport, isInTransaction, remainingMs: call.remainingMs }),
    signal: call.signal,
    log: logger,
  };
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
