import { randomUUID } from "node:crypto";
import type { PositionToCome } from "@polder/bus";
import type { AdmittedCall, Answered, Executed, ServedDomain } from "@polder/http";
import type {
  CommandContext,
  ComposingContext,
  Domain,
  Handler,
  Logger,
  QueryContext,
  Reader,
  Refused,
  Started,
} from "@polder/model";
import {
  answerInsert,
  type Database,
  findAnswer,
  isWorthRepeating,
  type KeyedRequest,
  publishedXid,
  type Statement,
} from "@polder/postgres";
import { compose, type Freshness } from "@polder/reading";
import type { AnsweredSaga } from "@polder/sagas";
import { runtimeErrors } from "../errors.ts";
import { withFields } from "../logger.ts";
import { type HostObserver, missingIn, timedHandler } from "../observe/host-observer.ts";
import { inSpan } from "../tracing.ts";
import { doing } from "../work-at-hand.ts";
import { inTransaction } from "./bound-transaction.ts";
import { callsOf, type FindTransport, withReserve } from "./calls.ts";
import type { CommandPositions } from "./command-positions.ts";
import { type HandlerTransactionParts, handlerTransaction } from "./handler-transaction.ts";

/** What running the handlers of a domain needs. */
export interface ExecuteParts {
  readonly domain: Domain;
  /** The domain's database, as its own role. */
  readonly database: Database;
  readonly findTransport: FindTransport;
  /** What its transactions need to know. */
  readonly transaction: HandlerTransactionParts;
  /** Waits for the answer of a saga that a handler has started. */
  readonly answerOf: (saga: Started, signal: AbortSignal) => Promise<AnsweredSaga>;
  /** Says what commands have published; missing where the domain publishes no events. */
  readonly positions: CommandPositions | undefined;
  /** Holds queries until what they read is as new as they ask for. */
  readonly freshness: Freshness;
  readonly logger: Logger;
  readonly observer: HostObserver;
}

/** What is kept of a keyed command: how it ended, or the saga that will say. */
type Kept = Executed | Started;

/** The same as it is stored, with what is known of its position before the commit. */
type StoredKept = Kept & { readonly published?: PositionToCome };

/** Runs of a handler at most, when its transaction loses against another one. */
const RUNS_MAX = 4;

/**
 * Makes the one who runs a domain's handlers. A query reads one snapshot. A command runs in one transaction, which
 * carries what it publishes and, when it has a key, its answer; the same key again gets the same answer.
 */
export function createExecute(parts: ExecuteParts): Required<Pick<ServedDomain, "execute" | "findAnswered">> {
  const execute: ServedDomain["execute"] = async (handler, call) => {
    const name = `${handler.api}.${handler.operation}`;
    const work = { domain: parts.domain.name, handler: name };
    await beFresh(parts, handler, call);
    const run = (): Promise<Kept> =>
      handler.declared.kind === "query"
        ? repeating(parts, call, { once: (again) => runQuery(parts, handler, again) })
        : runCommand(parts, handler, call);
    return await inSpan(`handle ${name}`, { "polder.domain": work.domain }, async () => {
      const kept = await doing(work, () => timedHandler(parts.observer.handled, work, run));
      // A saga takes the time that it takes; the handler has ended.
      return kept.kind === "started" ? await answerOfSaga(parts, kept, call) : kept;
    });
  };
  return {
    execute,
    findAnswered: async (handler, call) => {
      const kept = await findKept(parts, requestOf(handler, call));
      return kept?.kind === "started" ? await answerOfSaga(parts, kept, call) : kept;
    },
  };
}

/** A query that is not to be older than something waits for it, and holds nothing meanwhile. */
async function beFresh(
  { domain, freshness }: ExecuteParts,
  { api, operation, reads }: Handler,
  { notBefore, signal, remainingMs }: AdmittedCall,
): Promise<void> {
  if (notBefore === undefined) return;
  await inSpan(`wait for ${api}.${operation} to be fresh`, { "polder.domain": domain.name }, () =>
    freshness.reached({ api, operation, notBefore, reads, signal, waitMs: withReserve(remainingMs()) }),
  );
}

async function runQuery(parts: ExecuteParts, handler: Handler, call: AdmittedCall): Promise<Executed> {
  return await inTransaction(parts.database, { mode: "snapshot", signal: call.signal }, async (transaction) => {
    const tx: Reader = { sql: transaction.sql, query: transaction.query };
    const shared = contextOf(parts, call, transaction.isOpen);
    const composing: ComposingContext = {
      compose: (composition) =>
        compose(composition, {
          ...shared,
          deadlineMs: withReserve(call.remainingMs()),
          onMissing: missingIn(composition, parts.observer),
        }),
    };
    const context: QueryContext & ComposingContext = { tx, ...shared, ...composing };
    return await call.conclude(await handler.run(context as unknown as CommandContext));
  });
}

async function runCommand(parts: ExecuteParts, handler: Handler, call: AdmittedCall): Promise<Kept> {
  const request = requestOf(handler, call);
  const findAnswered = (): Promise<Kept | undefined> => findKept(parts, request);
  // The same key in every run: what the handler has others do under keys derived from it is not done twice.
  const run = { key: call.key ?? randomUUID(), request };
  return (
    (await findAnswered()) ??
    (await repeating(parts, call, { once: (again) => runOnce(parts, handler, again, run), findAnswered }))
  );
}

/**
 * By what a keyed command is known: as the caller said it, so that it finds its answer also when a release has brought a
 * newer version meanwhile; and a copy, whatever the handler makes of its own.
 */
function requestOf({ api }: Handler, { key, asked }: Pick<AdmittedCall, "key" | "asked">): KeyedRequest | undefined {
  if (key === undefined) return undefined;
  const { operation, major, input } = asked;
  return { operation: `${api}.${operation}`, key, input: structuredClone({ major, input }) };
}

async function findKept(
  { database, transaction, positions }: ExecuteParts,
  request: KeyedRequest | undefined,
): Promise<Kept | undefined> {
  if (request === undefined) return undefined;
  const stored = await findAnswer(database, transaction.schema, request);
  if (stored === undefined) return undefined;
  const { published, ...kept } = stored.answer as StoredKept;
  if (kept.kind !== "answered") return kept;
  return positionedAt(kept, await positions?.ofStored(stored, published));
}

function positionedAt(answered: Answered, position: string | undefined): Answered {
  return position === undefined ? answered : { ...answered, position };
}

/** Nothing is held meanwhile. Whoever does not wait until then may ask again under the same key. */
async function answerOfSaga(
  { answerOf, positions }: ExecuteParts,
  saga: Started,
  call: Pick<AdmittedCall, "signal" | "conclude">,
): Promise<Executed> {
  const { answer, startedAt } = await answerOf(saga, call.signal);
  const executed = await call.conclude(answer.kind === "answered" ? answer.output : answer);
  // Nobody has noted down what its steps have published.
  return executed.kind === "answered" ? positionedAt(executed, await positions?.ofNow(startedAt)) : executed;
}

interface Repeatable<Result> {
  /** One run; it gets the call with an input of its own. */
  readonly once: (call: AdmittedCall) => Promise<Result>;
  /** The answer that another run has given meanwhile, if any has. */
  readonly findAnswered?: () => Promise<Result | undefined>;
}

/** Runs again what has lost against another transaction. */
async function repeating<Result>(
  { logger }: ExecuteParts,
  call: AdmittedCall,
  { once, findAnswered = async () => undefined }: Repeatable<Result>,
): Promise<Result> {
  const input: unknown = structuredClone(call.input);
  for (let run = 1; ; run += 1) {
    try {
      return await once(run === 1 ? call : { ...call, input: structuredClone(input) });
    } catch (error) {
      if (call.signal.aborted) throw error;
      // Whatever it failed with: the same request may have been answered meanwhile, and been in the way of this one.
      const answered = await findAnswered();
      if (answered !== undefined) return answered;
      if (run >= RUNS_MAX || !isWorthRepeating(error)) throw error;
      logger.debug("an operation lost against another transaction and runs again", { run, error });
    }
  }
}

interface CommandRun {
  readonly key: string;
  /** Missing where the caller gave no key: then its answer is not kept. */
  readonly request: KeyedRequest | undefined;
}

async function runOnce(
  parts: ExecuteParts,
  handler: Handler,
  call: AdmittedCall,
  { key, request }: CommandRun,
): Promise<Kept> {
  const { domain, database, positions } = parts;
  return await inTransaction(database, { mode: "read write", signal: call.signal }, async (transaction) => {
    const { tx, last, events, committed } = handlerTransaction(parts.transaction, transaction, call.user);
    const read = readerBeside(parts, call, transaction.isOpen);
    const context: CommandContext = { tx, read, key, ...contextOf(parts, call, transaction.isOpen) };
    const answered = await handler.run(context);
    const kept = isAnswering(parts, handler, answered) ? answered : await call.conclude(answered);
    const store = (stored: StoredKept): readonly Statement[] =>
      request === undefined ? [] : [answerInsert(parts.transaction.schema, request, stored)];
    if (kept.kind === "refused") {
      // A refusal leaves no trace but itself.
      await transaction.rollback();
      for (const statement of store(kept)) await database.run(statement);
      return kept;
    }
    const writing = await last();
    const published = positions?.before(events());
    const statements = [...writing, ...store(published === undefined ? kept : { ...kept, published })];
    const results = await inSpan("commit", { "polder.domain": domain.name }, () => transaction.commit(statements));
    committed();
    if (published === undefined || kept.kind !== "answered") return kept;
    return positionedAt(kept, positions?.of(published, publishedXid(results[0])));
  });
}

/** Has the handler handed the answer over to a saga that answers this very operation? */
function isAnswering(
  { transaction }: ExecuteParts,
  { api, operation }: Handler,
  answered: unknown,
): answered is Started {
  const { kind, saga } = Object(answered) as Partial<Started>;
  const answers = kind === "started" ? transaction.sagas.find(({ name }) => name === saga)?.answers : undefined;
  return answers?.api === api && answers.operation === operation;
}

/** Reads before the transaction of a command: each statement by itself, in a snapshot of its own that cannot write. */
function readerBeside(
  { database, domain }: ExecuteParts,
  { signal }: AdmittedCall,
  isInTransaction: () => boolean,
): Reader {
  const alone = <Result>(work: (reader: Reader) => Promise<Result>): Promise<Result> => {
    if (isInTransaction()) {
      throw runtimeErrors.READ_IN_TRANSACTION(
        `A handler of "${domain.name}" uses read while its transaction is open: it would wait for a second connection while it holds the first, and not see what tx has written. Read with tx from its first statement on.`,
        { domain: domain.name },
      );
    }
    return inTransaction(database, { mode: "snapshot", signal }, work);
  };
  return {
    sql: async (text, ...values) => await alone((reader) => reader.sql(text, ...values)),
    query: async (text, values) => await alone((reader) => reader.query(text, values)),
  };
}

type SharedContext = Pick<CommandContext, "input" | "refuse" | "call" | "caller" | "user" | "signal" | "log">;

function contextOf(
  { domain, findTransport, logger, observer }: ExecuteParts,
  { input, caller, user, signal, remainingMs, notBefore }: AdmittedCall,
  isInTransaction: () => boolean,
): SharedContext {
  return {
    input: input as CommandContext["input"],
    refuse: ((refusal: string, details: unknown): Refused => ({
      kind: "refused",
      refusal,
      details,
    })) as CommandContext["refuse"],
    call: callsOf({
      domain,
      findTransport,
      isInTransaction,
      remainingMs,
      user,
      // What the answer is not to be older than, none of its sources is to be either.
      notBefore,
      signal,
      logger,
      onMade: observer.metrics?.made,
    }),
    ...(caller === undefined ? {} : { caller }),
    ...(user === undefined ? {} : { user }),
    signal,
    log: user === undefined ? logger : withFields(logger, { user: user.subject }),
  };
}
