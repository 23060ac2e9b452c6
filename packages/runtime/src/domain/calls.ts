import { type CallTransport, createClient } from "@polder/http";
import { type AnyApi, type Call, type Domain, declaredNeed, modelErrors } from "@polder/model";
import { runtimeErrors } from "../errors.ts";
import type { MadeCall } from "../observe/host-metrics.ts";
import { measuredTransport } from "../observe/measured-transport.ts";

/** Finds what carries calls to an API: the same process, or HTTP. */
export type FindTransport = (api: string) => CallTransport;

/** What the calls of one handler need. */
export interface CallParts {
  readonly domain: Domain;
  readonly findTransport: FindTransport;
  /** Is the handler's transaction open? Then it cannot call: it would hold its locks while it waits for another domain. */
  readonly isInTransaction: () => boolean;
  /** Milliseconds left of the call or delivery in whose course the handler runs. */
  readonly remainingMs: () => number;
  /** Told of every call that was made. */
  readonly onMade?: ((call: MadeCall) => void) | undefined;
  /** Aborts when that call or delivery is given up: its calls are given up with it. */
  readonly signal: AbortSignal;
}

/** Makes the `call` of one run of a handler: clients of the APIs that the domain needs, and of no other. */
export function callsOf(parts: CallParts): Call<Domain> {
  const { domain, findTransport, isInTransaction, remainingMs, signal, onMade } = parts;
  const call = (api: AnyApi): unknown => {
    const need = declaredNeed(domain, api?.name);
    if (need === undefined || need.contract.kind !== "api") {
      throw modelErrors.NOT_DECLARED(
        `"${domain.name}" calls "${api?.name}" without having declared it. Add need(…) to its declaration, if this coupling is wanted.`,
        { domain: domain.name, what: "needs", contract: String(api?.name) },
      );
    }
    const found = findTransport(api.name);
    return createClient(need.contract, need.version, {
      transport: boundTo(
        signal,
        onMade === undefined ? found : measuredTransport(found, { caller: domain.name, told: onMade }),
      ),
      caller: domain.name,
      deadline: remainingMs,
      onCall: ({ operation }) => {
        if (!isInTransaction()) return;
        throw runtimeErrors.CALL_IN_TRANSACTION(
          `A handler of "${domain.name}" calls ${api.name}.${operation} while its transaction is open, and would hold its locks until the answer comes. Call first, then use tx.`,
          { domain: domain.name, api: api.name, operation },
        );
      },
    });
  };
  return call as Call<Domain>;
}

function boundTo(signal: AbortSignal, transport: CallTransport): CallTransport {
  return {
    call: (request, options) =>
      transport.call(request, { ...options, signal: AbortSignal.any([options.signal, signal]) }),
  };
}
