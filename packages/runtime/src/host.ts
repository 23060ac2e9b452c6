import { growthSignal } from "@polder/bus";
import { type CallRules, type CallTransport, httpErrors, type ServedCall, serveHttp } from "@polder/http";
import { domainOf, GATEWAY, type Implementation, type Logger, silentLogger } from "@polder/model";
import type { DatabaseAddress } from "@polder/postgres";
import { createCallDesk } from "./call-desk.ts";
import type { Retention } from "./domain/retention.ts";
import { mountHealth } from "./health.ts";
import type { Identity } from "./identity/open-identity.ts";
import { refuseRepeated } from "./load/select-domains.ts";
import { type ObserveOptions, openObserver } from "./observe/host-observer.ts";
import { mountMetrics } from "./observe/metrics-page.ts";
import { type HostGatewayOptions, type OpenGateway, openGateway } from "./open-gateway.ts";
import { openRunningDomains } from "./running-domains.ts";

/** Where the HTTP server listens. */
export interface HttpOptions {
  /** Default "127.0.0.1". */
  readonly host?: string;
  /** 0 takes any free port. Default 0. */
  readonly port?: number;
}

/** What {@link startHost} needs. */
export interface HostOptions {
  /** The domains of this process. */
  readonly implementations: readonly Implementation[];
  /**
   * Where a domain's database is, and as whom to go there: as `<domain>_app`, or as `<reader>_app` for a domain that
   * reads its events.
   */
  readonly address: (domain: string, reader?: string) => DatabaseAddress;
  readonly http?: HttpOptions;
  /** Base URLs of domains that run elsewhere, by name; several are tried in turn. */
  readonly urls?: Readonly<Record<string, string | readonly string[]>>;
  /** How the failure of other domains is lived with. Default: `callRules` of @polder/http. */
  readonly calls?: Partial<CallRules>;
  /** How domains prove who they are. Without it nobody is asked: for tests and measures only. */
  readonly identity?: Identity;
  /** Lets the outside in, to what the contracts open. Without it there is no gateway in this process. */
  readonly gateway?: HostGatewayOptions;
  /** How long a lease on a subscription lasts, in milliseconds. Default 15,000. */
  readonly leaseMs?: number;
  /** Connections of each domain at most. Default 10. */
  readonly connectionsMax?: number;
  /** Keep statements prepared on each connection; `false` behind a pooler in transaction mode. Default true. */
  readonly prepare?: boolean;
  /** For how long what is over is kept: events, answers, sagas. */
  readonly retention?: Retention;
  /** Where it runs, such as `production`: it is noted with who uses which contract. Default "development". */
  readonly environment?: string;
  readonly logger?: Logger;
  /** Metrics, and what is slow. */
  readonly observe?: ObserveOptions;
}

/** Domains at work in one process. */
export interface Host extends AsyncDisposable {
  /** Base URL of the HTTP server. */
  readonly url: string;
  /** Base URL of the gateway, where this process has one. */
  readonly gateway: string | undefined;
  readonly domains: readonly string[];
  /** Calls that the domains of this process serve, without the wire. */
  readonly transport: CallTransport;
  /**
   * Puts another implementation of a domain in its place, or adds a domain; the other domains go on, and so do calls
   * that are under way. Several replacements happen one after the other. When it throws, all is as before.
   *
   * @throws what {@link startHost} throws, and `SHUTTING_DOWN` when the host is stopping.
   */
  readonly replace: (implementation: Implementation) => Promise<void>;
  /**
   * Takes no new calls, begins no new batch, lets calls and batches under way end, then closes. What still runs when
   * `signal` aborts is given up and rolled back. A second call waits for the first, and its signal counts as well.
   */
  readonly stop: (options?: { readonly signal?: AbortSignal }) => Promise<void>;
}

/**
 * Brings domains to work in this process: their APIs, relays and subscriptions.
 *
 * @throws `NOT_PROVISIONED` where a domain has no home yet, `DOMAIN_UNKNOWN` where an API that is essential is of a
 * domain that neither runs here nor has a URL, `DOMAIN_REPEATED`, `DECLARATION_INVALID` for `calls` that cannot be and for
 * compositions that the gateway cannot answer, `KEY_MISSING` where a domain cannot sign, `POSTGRES_UNREACHABLE`,
 * `POSTGRES_AUTH_FAILED`, `PORT_IN_USE`. Nothing is left running then.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const { implementations, identity, urls = {}, calls: rules, logger = silentLogger } = options;
  const hard = new AbortController();
  const { signal } = hard;
  const callers = implementations.map(({ domain }) => domain.name);
  refuseRepeated(callers);
  await using opened = new AsyncDisposableStack();
  const observer = await openObserver(options.observe ?? {}, logger);
  const growth = growthSignal();
  const onUsed = (call: ServedCall): void => domains.running.get(domainOf(call.api))?.answered(call);
  const watched = { onServed: observer.served, onUsed, observer: observer.calls };
  const desk = createCallDesk({ urls, rules, identity, logger, ...watched });
  const domains = openRunningDomains({ ...options, logger, observer, growth, desk, signal });
  opened.defer(domains.close);
  await identity?.requireKeys(options.gateway === undefined ? callers : [...callers, GATEWAY]);
  await domains.start(implementations);
  let isStopping = false;
  const server = await serveHttp({
    dispatcher: desk.outside(),
    ...(identity === undefined ? {} : { authenticate: identity.authenticate }),
    host: options.http?.host ?? "127.0.0.1",
    port: options.http?.port ?? 0,
    logger,
    extra: (app) => {
      const [{ running }, { circuits }, { metrics }] = [domains, desk, observer];
      mountHealth(app, { running, circuits, isStopping: () => isStopping });
      const spans = options.observe?.spans;
      if (metrics !== undefined) mountMetrics(app, { running, circuits, spans, growth, metrics });
    },
  });
  let gateway: OpenGateway | undefined;
  // Whatever is under way ends at the same time; its calls inside this process are answered until then.
  opened.defer(async () => {
    const { endDeliveries } = domains;
    await Promise.all([gateway?.stop({ signal }), server.stop({ signal }), desk.drain({ signal }), endDeliveries()]);
  });
  gateway = await openGateway(options.gateway, { desk, running: callers, observer, onUsed, logger });
  // Deliveries begin when every API of this process can be called.
  domains.deliver();

  const running = opened.move();
  let working: Promise<void> = Promise.resolve();
  let stopped: Promise<void> | undefined;
  const stop: Host["stop"] = async (stopOptions = {}) => {
    isStopping = true;
    using _followed = follow(stopOptions.signal, (reason) => hard.abort(reason));
    stopped ??= working.then(() => running.disposeAsync());
    await stopped;
  };
  return {
    url: server.url,
    gateway: gateway?.url,
    domains: [...domains.running.keys()],
    transport: desk.transport,
    replace: async (implementation) => {
      const replacing = working.then(async () => {
        if (isStopping) throw stopping(implementation.domain.name);
        gateway?.require(implementation);
        await domains.replace(implementation, () => {
          server.replace(desk.outside());
          gateway?.replace(implementation);
        });
      });
      working = replacing.catch(() => undefined);
      await replacing;
    },
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}

function stopping(domain: string): Error {
  return httpErrors.SHUTTING_DOWN(`The host is stopping, so "${domain}" was not replaced. Start another host.`, {});
}

function follow(signal: AbortSignal | undefined, onAbort: (reason: unknown) => void): Disposable {
  const abort = (): void => onAbort(signal?.reason);
  if (signal?.aborted === true) abort();
  signal?.addEventListener("abort", abort, { once: true });
  return { [Symbol.dispose]: () => signal?.removeEventListener("abort", abort) };
}
