import type { ApiCore, OperationRef, Operations } from "./api.ts";
import {
  type Domain,
  type NeededApi,
  type NeededVersion,
  notDomainProblems,
  type PublishedOperation,
} from "./domain.ts";
import type { Operation } from "./operation.ts";
import type { Outcome, Refuse, Refused } from "./outcome.ts";
import { refuseProblems } from "./problems.ts";
import type { ReadModel } from "./read-model.ts";
import type { Replica } from "./replica.ts";
import type { Logger } from "./runtime.ts";
import type { Started } from "./saga-ref.ts";
import type { SchemaInput, SchemaOutput } from "./schema.ts";
import type { Reader, Transaction } from "./transaction.ts";
import type { User } from "./user.ts";

/** The client of an API: at its newest version, or at the one that is named. */
export type ClientOf<
  A extends ApiCore,
  V extends keyof A["versions"] = Extract<keyof A["versions"], A["newest"]>,
> = Client<A["versions"][V]>;

/** What a caller may say about one call. */
export interface CallOptions {
  /** Makes a command repeatable: the same key gets the first answer, and nothing happens twice. At most 200 characters. */
  readonly key?: string;
  /** How long to wait, in milliseconds; never longer than what is left of the caller's own deadline. Default 5,000. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /**
   * Asks a query for an answer that is not older than what these commands have published: the `position` of their
   * outcomes, at most 20. It waits until the read models and replicas behind the query have come so far, or fails with
   * `READ_MODEL_BEHIND` shortly before its deadline.
   */
  readonly notBefore?: string | readonly (string | undefined)[] | undefined;
}

/** A typed client of one version of an API: a function an operation. */
export type Client<Ops extends Operations> = {
  readonly [Name in keyof Ops]: Ops[Name] extends Operation<infer _Kind, infer Input, infer Output, infer Declared>
    ? (input: SchemaInput<Input>, options?: CallOptions) => Promise<Outcome<Output, Declared>>
    : never;
};

/**
 * Gives the client of an API that the domain needs, at the version it declared.
 *
 * @throws `NOT_DECLARED` for any other API. The client's functions throw `CALL_IN_TRANSACTION` while
 * the handler's transaction is open, and the codes of @polder/http when a call fails.
 */
export type Call<D extends Domain> = <A extends NeededApi<D>>(
  api: A,
) => Client<A["versions"][NeededVersion<D, A["name"]> & keyof A["versions"]]>;

/** What every handler of an operation gets. */
export interface OperationContext<D extends Domain, Op extends Operation> {
  readonly input: SchemaOutput<Op["input"]>;
  readonly refuse: Refuse<Op["refusals"]>;
  readonly call: Call<D>;
  /** The domain that calls, or `gateway`; missing where the process does not ask who calls. */
  readonly caller?: string;
  /** On whose behalf, where somebody from outside asked first. What this handler calls and publishes is on theirs as well. */
  readonly user?: User;
  /** Aborts when the caller's deadline has passed, the caller has gone, or the process stops hard. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** What the handler of a query gets: `tx` reads one consistent snapshot. */
export interface QueryContext<D extends Domain = Domain, Op extends Operation = Operation>
  extends OperationContext<D, Op> {
  readonly tx: Reader;
}

/** What the handler of a command gets: `tx` is the one transaction of the command. */
export interface CommandContext<D extends Domain = Domain, Op extends Operation = Operation>
  extends OperationContext<D, Op> {
  readonly tx: Transaction<D>;
  /**
   * Reads before the transaction begins: each statement by itself, holding nothing afterwards. For what
   * a command must know before it calls another domain; what `tx` finds later may have changed.
   */
  readonly read: Reader;
  /** The caller's idempotency key, or a fresh one; the same in every run of the command. Derive the keys of further calls from it. */
  readonly key: string;
}

/** What the handler of an operation gets. */
export type HandlerContext<D extends Domain, Op extends Operation> = Op["kind"] extends "query"
  ? QueryContext<D, Op>
  : CommandContext<D, Op>;

/**
 * What a handler answers: the output, a refusal that the operation declares, or a saga that it has started and that
 * answers the operation. Where there is no output, nothing.
 */
export type HandlerAnswer<Op extends Operation> =
  // biome-ignore lint/suspicious/noConfusingVoidType: an async function without a return gives a promise of void
  | (null extends SchemaInput<Op["output"]> ? SchemaInput<Op["output"]> | undefined | void : SchemaInput<Op["output"]>)
  | Refused<keyof Op["refusals"] & string>
  | Started<Op>;

/** What a handler says about itself. */
export interface HandlerOptions {
  /**
   * The read models and replicas that it reads: a caller who asks for an answer that is not older than something waits for
   * these. Default: all that the domain has.
   */
  readonly reads?: readonly (ReadModel | Replica)[];
}

/** The code that answers one operation. */
export interface Handler<ApiName extends string = string, OperationName extends string = string> {
  readonly kind: "handler";
  readonly domain: string;
  readonly api: ApiName;
  readonly operation: OperationName;
  readonly declared: Operation;
  readonly run: (context: CommandContext) => Promise<unknown>;
  /** The names of the read models and replicas that it reads; without it, all of the domain. */
  readonly reads?: readonly string[];
}

/**
 * Writes the handler of an operation that the domain publishes. It is written for the newest version
 * of the API only; a file has one handler.
 *
 * @throws `DECLARATION_INVALID` where there is no such domain or operation.
 */
export function handler<D extends Domain, Ref extends PublishedOperation<D>>(
  domain: D,
  operation: Ref,
  run: (context: HandlerContext<D, Ref["declared"]>) => Promise<HandlerAnswer<Ref["declared"]>>,
  { reads }: HandlerOptions = {},
): Handler<Ref["api"], Ref["operation"]> {
  const ref: OperationRef | undefined = operation;
  refuseProblems("a handler", [
    ...notDomainProblems(domain),
    ...(ref?.declared === undefined
      ? [{ place: "operation", problem: "is no operation; write handler(domain, Api.operation, …)" }]
      : []),
    ...(reads ?? []).flatMap((read, index) =>
      read?.domain === domain?.name
        ? []
        : [{ place: `reads[${index}]`, problem: `is no read model or replica of "${domain?.name}"` }],
    ),
  ]);
  return {
    kind: "handler",
    domain: domain.name,
    api: operation.api,
    operation: operation.operation,
    declared: ref.declared,
    run: run as unknown as Handler["run"],
    ...(reads === undefined ? {} : { reads: reads.map(({ name }) => name) }),
  };
}
