import { type CallTransport, createClient, type OutgoingCall } from "@polder/http";
import {
  type AnyApi,
  type Call,
  type Domain,
  declaredNeed,
  type Logger,
  modelErrors,
  type Need,
  type User,
} from "@polder/model";
import { runtimeErrors } from "../errors.ts";
import type { MadeCall } from "../observe/host-metrics.ts";
import { measuredTransport } from "../observe/measured-transport.ts";

/** Finds what carries calls to an API that is needed: the same process, or HTTP. */
export type FindTransport = (need: Pick<Need, "contract" | "hedgeAfterMs">) => CallTransport;

/** What the calls of one handler need. */
export interface CallParts {
  /** Whose needs say what is called. */
  readonly domain: Domain;
  /** As whom. Default: the domain. */
  readonly caller?: string;
  /** Asked before each call; what it throws, the call throws. Default: nobody is asked. */
  readonly admit?: ((call: OutgoingCall) => void) | undefined;
  readonly findTransport: FindTransport;
  /** Is the handler's transaction open? Then it cannot call: it would hold its locks while it waits for another domain. */
  readonly isInTransaction: () => boolean;
  /** Milliseconds left of the call or delivery in whose course the handler runs. */
  readonly remainingMs: () => number;
  /** Told of every call that was made. */
  readonly onMade?: ((call: MadeCall) => void) | undefined;
  /** Somebody from outside on whose behalf the handler runs. */
  readonly user: User | undefined;
  /** What the answers of queries are not to be older than: positions of commands. Default: nothing. */
  readonly notBefore?: readonly string[] | undefined;
  /** Aborts when that call or delivery is given up: its calls are given up with it. */
  readonly signal: AbortSignal;
  /** Told when a fallback answers, or fails. */
  readonly logger: Logger;
}

/** Makes the `call` of one run of a handler: clients of the APIs that the domain needs, and of no other. */
export function callsOf(parts: CallParts): Call<Domain> {
  const { domain, findTransport, isInTransaction, remainingMs, user, notBefore, signal, onMade, logger } = parts;
  const { caller = domain.name, admit } = parts;
  const call = (api: AnyApi): unknown => {
    const need = declaredNeed(domain, api?.name);
    if (need === undefined || need.contract.kind !== "api") {
      throw modelErrors.NOT_DECLARED(
        `"${domain.name}" calls "${api?.name}" without having declared it. Add need(…) to its declaration, if this coupling is wanted.`,
        { domain: domain.name, what: "needs", contract: String(api?.name) },
      );
    }
    const found = findTransport(need);
    return createClient(need.contract, need.version, {
      transport: onMade === undefined ? found : measuredTransport(found, { caller, told: onMade }),
      caller,
      signal,
      deadline: () => withReserve(remainingMs()),
      logger,
      ...(need.fallbacks === undefined ? {} : { fallbacks: need.fallbacks }),
      ...(user === undefined ? {} : { user }),
      ...(notBefore === undefined ? {} : { notBefore }),
      onCall: (outgoing) => {
        if (isInTransaction()) throw inTransaction(domain, outgoing);
        admit?.(outgoing);
      },
    });
  };
  return call as Call<Domain>;
}

function inTransaction({ name }: Domain, { api, operation }: OutgoingCall): Error {
  return runtimeErrors.CALL_IN_TRANSACTION(
    `A handler of "${name}" calls ${api}.${operation} while its transaction is open, and would hold its locks until the answer comes. Call first, then use tx.`,
    { domain: name, api, operation },
  );
}

/** Share of the time that is left which a call leaves to its handler. */
const RESERVE_SHARE = 0.1;
/** The most of it, in milliseconds. */
const RESERVE_MS_MAX = 100;

/**
 * What a call, or any other wait, may take of the time that is left, in milliseconds. If it took all of it, a domain that hangs would take its callers with
 * it: each would be given up at the same moment, with no time for a fallback, or to say whom it waited for.
 */
export function withReserve(remainingMs: number): number {
  return remainingMs - Math.min(RESERVE_MS_MAX, remainingMs * RESERVE_SHARE);
}
