import {
  bulkheadTransport,
  type CallRules,
  type CallTransport,
  type CircuitState,
  createDispatcher,
  type Dispatcher,
  hedgedTransport,
  httpErrors,
  httpTransport,
  localTransport,
  type ResilienceObserver,
  resilientTransport,
  rotatingTransport,
  type ServedCall,
  type ServedDomain,
} from "@polder/http";
import { type Domain, domainOf, type Logger, publishedApis } from "@polder/model";
import type { FindTransport } from "./domain/calls.ts";
import type { Identity } from "./identity/open-identity.ts";
import { missingCallees, refuseMissingCallees } from "./load/missing-callees.ts";
import { OTHER } from "./observe/bounded-label.ts";

/** What {@link createCallDesk} needs. */
export interface CallDeskOptions {
  /** Base URLs of domains that run elsewhere, by name; several are tried in turn. */
  readonly urls: Readonly<Record<string, string | readonly string[]>>;
  /** By which rules other domains are called. Default: `callRules` of @polder/http. */
  readonly rules?: Partial<CallRules> | undefined;
  /** Who may call whom. Without it, anybody anything. */
  readonly identity?: Identity | undefined;
  readonly logger: Logger;
  /** Told of every call that was answered here. */
  readonly onServed?: ((call: ServedCall) => void) | undefined;
  /** Told of the same; where the version is none that is declared, with its major alone. */
  readonly onUsed?: ((call: ServedCall) => void) | undefined;
  /** Told of calls among domains that are turned away or repeated. */
  readonly observer: Pick<ResilienceObserver, "bulkheadFull" | "repeated">;
}

/** Where the calls of one process meet: those that come from outside, and those among its own domains. */
export interface CallDesk {
  /** From now on these domains are served; calls that are under way end where they began. */
  readonly serve: (served: readonly ServedDomain[]) => void;
  /** Answers what comes from outside. */
  readonly outside: () => Dispatcher;
  /** Brings calls from outside to where they are answered, without the wire. */
  readonly transport: CallTransport;
  /** How the circuits to the domains stand that are called by URL, by the domain's name. */
  readonly circuits: ReadonlyMap<string, CircuitState>;
  /** Would a call to an API find somebody? */
  readonly isReachable: (api: string) => boolean;
  /**
   * Finds what carries a domain's calls to an API. Where nobody would find it, the calls fail with `CALL_UNREACHABLE`.
   * Calls over HTTP have a bulkhead, a breaker, repetitions and, where the need says so, a second attempt; calls inside
   * the process have the bulkhead.
   */
  readonly findTransport: FindTransport;
  /**
   * Finds what carries the calls of people outside. Inside the process it has no bulkhead: what they may ask for at once
   * is up to the dispatcher and the gateway's rate limits, and they must not be in the way of calls among domains.
   */
  readonly findOutsideTransport: FindTransport;
  /**
   * Refuses domains with essential calls that would lead nowhere, and says which others will fail; `alsoHere` are
   * domains that will be served here.
   *
   * @throws `DOMAIN_UNKNOWN` with all that are missing.
   */
  readonly requireReachable: (callers: readonly Domain[], alsoHere: readonly string[]) => void;
  /** Takes no calls from outside any more, and resolves when those under way have ended or `signal` has aborted. */
  readonly drain: (options: { readonly signal: AbortSignal }) => Promise<void>;
}

/**
 * Makes the desk of a process. Calls from outside and calls among its own domains have a dispatcher each: a process
 * that stops takes no more of the first, but those under way may still need the second, and so may deliveries. Nor can
 * many calls from outside keep the calls out that they are waiting for.
 */
export function createCallDesk(options: CallDeskOptions): CallDesk {
  const { urls, rules, identity, logger, observer } = options;
  const admission = identity === undefined ? {} : { admit: identity.admit };
  const circuits = new Map<string, CircuitState>(Object.keys(urls).map((domain) => [domain, "closed"]));
  const remote = remoteTransports(options, circuits);
  let here: ReadonlySet<string> = new Set();
  let among = createDispatcher({ served: [] });
  let outside = createDispatcher({ served: [] });
  // Those before are kept for their calls that are under way; what they hold, the module cache holds as well.
  const before: Dispatcher[] = [];
  // Looked up at each call: a domain may be replaced meanwhile.
  const local = bulkheadTransport({
    transport: { call: (request, options) => localTransport(among).call(request, options) },
    rules,
    observer,
  });
  const findTransport: FindTransport = ({ contract, hedgeAfterMs }) => {
    const domain = domainOf(contract.name);
    if (here.has(domain)) return local;
    const found = remote.get(domain);
    if (found === undefined || hedgeAfterMs === undefined) return found ?? nowhere(domain);
    return hedgedTransport({ transport: found, afterMs: hedgeAfterMs });
  };
  const transport: CallTransport = { call: (request, options) => localTransport(outside).call(request, options) };
  return {
    serve: (served) => {
      const serving = {
        served,
        logger,
        ...admission,
        onServed: tellingServed(served, options),
      };
      const next = createDispatcher(serving);
      among = createDispatcher(serving);
      before.push(outside);
      outside = next;
      here = new Set(served.map(({ implementation }) => implementation.domain.name));
    },
    outside: () => outside,
    transport,
    circuits,
    findTransport,
    findOutsideTransport: (need) => (here.has(domainOf(need.contract.name)) ? transport : findTransport(need)),
    isReachable: (api) => here.has(domainOf(api)) || remote.has(domainOf(api)),
    requireReachable: (callers, alsoHere) => {
      const known = new Set([...alsoHere, ...here, ...remote.keys()]);
      refuseMissingCallees(callers, known);
      for (const { caller, callee } of missingCallees(callers, known))
        logger.warn(`"${caller}" starts without "${callee}": its calls there fail, or their fallbacks answer`, {
          domain: caller,
          callee,
        });
      for (const name of alsoHere.filter((one) => remote.has(one)))
        logger.info(`calls to "${name}" stay in this process: its URL is for those where it does not run`, {
          callee: name,
        });
    },
    drain: async (until) => {
      await Promise.all([...before, outside].map((dispatcher) => dispatcher.drain(until)));
    },
  };
}

/** What carries calls to the domains that have URLs; how their circuits stand is noted in `circuits`. */
function remoteTransports(
  { urls, rules, identity, logger, observer }: CallDeskOptions,
  circuits: Map<string, CircuitState>,
): ReadonlyMap<string, CallTransport> {
  const proof = identity === undefined ? {} : { authorize: identity.authorize };
  const circuit: ResilienceObserver["circuit"] = (callee, state) => void circuits.set(callee, state);
  const transports = Object.entries(urls).map(([domain, baseUrls]): [string, CallTransport] => {
    const instances = [baseUrls].flat().map((baseUrl) => httpTransport({ baseUrl, ...proof }));
    const transport = rotatingTransport(instances);
    return [domain, resilientTransport({ transport, rules, logger, observer: { ...observer, circuit } })];
  });
  return new Map(transports);
}

function nowhere(domain: string): CallTransport {
  return {
    call: async ({ api, operation }) => {
      throw httpErrors.CALL_UNREACHABLE(
        `The call of ${api}.${operation} was not made: "${domain}" does not run in this process, and no URL says where ` +
          'it does. Nothing was done; start it here as well, or name it in "urls" of the configuration.',
        { api, operation },
      );
    },
  };
}

/** Tells of calls that were answered. A caller may name any minor version; only those that are declared are told apart. */
export function tellingServed(
  served: readonly ServedDomain[],
  { onServed, onUsed }: Pick<CallDeskOptions, "onServed" | "onUsed">,
): (call: ServedCall) => void {
  const apis = served.flatMap(({ implementation }) => publishedApis(implementation.domain));
  const known = new Map(apis.map(({ name, versions }) => [name, new Set(Object.keys(versions))]));
  return (call) => {
    const isKnown = known.get(call.api)?.has(call.version) === true;
    onServed?.(isKnown ? call : { ...call, version: OTHER });
    onUsed?.(isKnown ? call : { ...call, version: call.version.split(".", 1)[0] ?? OTHER });
  };
}
