import {
  type CallTransport,
  createDispatcher,
  type Dispatcher,
  httpTransport,
  localTransport,
  type ServedCall,
  type ServedDomain,
} from "@polder/http";
import { domainOf, type Logger, publishedApis } from "@polder/model";
import { runtimeErrors } from "./errors.ts";
import { OTHER } from "./observe/bounded-label.ts";

/** What {@link createCallDesk} needs. */
export interface CallDeskOptions {
  /** Base URLs of domains that run elsewhere, by name. */
  readonly urls: Readonly<Record<string, string>>;
  readonly logger: Logger;
  /** Told of every call that was answered here. */
  readonly onServed?: ((call: ServedCall) => void) | undefined;
}

/** Where the calls of one process meet: those that come from outside, and those among its own domains. */
export interface CallDesk {
  /** From now on these domains are served; calls that are under way end where they began. */
  readonly serve: (served: readonly ServedDomain[]) => void;
  /** Answers what comes from outside. */
  readonly outside: () => Dispatcher;
  /** Brings calls from outside to where they are answered, without the wire. */
  readonly transport: CallTransport;
  /** Finds what carries a domain's calls to an API. */
  readonly findTransport: (api: string) => CallTransport;
  /**
   * Refuses APIs that nobody would find; `alsoHere` are domains that will be served here.
   *
   * @throws `DOMAIN_UNKNOWN` with all of their domains.
   */
  readonly requireReachable: (apis: readonly string[], alsoHere: readonly string[]) => void;
  /** Takes no calls from outside any more, and resolves when those under way have ended or `signal` has aborted. */
  readonly drain: (options: { readonly signal: AbortSignal }) => Promise<void>;
}

/**
 * Makes the desk of a process. Calls from outside and calls among its own domains have a dispatcher each: a process
 * that stops takes no more of the first, but those under way may still need the second, and so may deliveries. Nor can
 * many calls from outside keep the calls out that they are waiting for.
 */
export function createCallDesk({ urls, logger, onServed }: CallDeskOptions): CallDesk {
  const remote = new Map(Object.entries(urls).map(([domain, baseUrl]) => [domain, httpTransport({ baseUrl })]));
  let here: ReadonlySet<string> = new Set();
  let among = createDispatcher({ served: [] });
  let outside = createDispatcher({ served: [] });
  // Those before are kept for their calls that are under way; what they hold, the module cache holds as well.
  const before: Dispatcher[] = [];
  // Looked up at each call: a domain may be replaced meanwhile.
  const local: CallTransport = { call: (request, options) => localTransport(among).call(request, options) };
  return {
    serve: (served) => {
      const options = {
        served,
        logger,
        ...(onServed === undefined ? {} : { onServed: knownVersion(served, onServed) }),
      };
      const next = createDispatcher(options);
      among = createDispatcher(options);
      before.push(outside);
      outside = next;
      here = new Set(served.map(({ implementation }) => implementation.domain.name));
    },
    outside: () => outside,
    transport: { call: (request, options) => localTransport(outside).call(request, options) },
    findTransport: (api) => {
      const domain = domainOf(api);
      const found = here.has(domain) ? local : remote.get(domain);
      if (found === undefined) throw unknown([domain], [...here, ...remote.keys()]);
      return found;
    },
    requireReachable: (apis, alsoHere) => {
      const known = new Set([...alsoHere, ...here, ...remote.keys()]);
      const missing = [...new Set(apis.map(domainOf))].filter((domain) => !known.has(domain));
      if (missing.length > 0) throw unknown(missing, [...known]);
    },
    drain: async (options) => {
      await Promise.all([...before, outside].map((dispatcher) => dispatcher.drain(options)));
    },
  };
}

/** A caller may name any minor version; only those that are declared are told apart. */
function knownVersion(served: readonly ServedDomain[], told: (call: ServedCall) => void): (call: ServedCall) => void {
  const apis = served.flatMap(({ implementation }) => publishedApis(implementation.domain));
  const known = new Map(apis.map(({ name, versions }) => [name, new Set(Object.keys(versions))]));
  return (call) => told(known.get(call.api)?.has(call.version) === true ? call : { ...call, version: OTHER });
}

function unknown(domains: readonly string[], known: readonly string[]): Error {
  const names = domains.map((domain) => `"${domain}"`).join(", ");
  return runtimeErrors.DOMAIN_UNKNOWN(
    `APIs are needed of ${names}, but nothing of that name runs in this process, and no URL says where it does. Start it here as well, or name it in "urls" of the configuration.`,
    { domains, known },
  );
}
