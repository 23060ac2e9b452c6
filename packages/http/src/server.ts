import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { isPolderError, type Logger, type PolderError, silentLogger } from "@polder/model";
import { type Context, Hono } from "hono";
import { getPath } from "hono/utils/url";
import { hasVersion, resolvePaths } from "./accept-version.ts";
import type { CallAnswer } from "./call.ts";
import { deprecationHeaders } from "./deprecation-headers.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { httpErrors } from "./errors.ts";
import { type Authenticate, headerOf, type SentRequest } from "./identity/authenticate.ts";
import type { Route } from "./operation-table.ts";
import { problemOf } from "./problem.ts";
import type { BodyBudget } from "./read-body.ts";
import { type HttpCall, readRequest, splitUrl, traceHeaders } from "./read-request.ts";
import { type Failure, reportFailure } from "./report-failure.ts";
import { bySpecificity, unknownRoute } from "./routing.ts";
import { statusOfCode } from "./status-of-code.ts";
import { writeAnswer, writeProblem } from "./write-answer.ts";

/** How long clients may take, and how many there may be. */
export interface HttpLimits {
  /** For the head of a request, in milliseconds. Default 10,000. */
  readonly headersTimeoutMs: number;
  /** For a whole request, in milliseconds; not less than for its head. Default 30,000. */
  readonly requestTimeoutMs: number;
  /** For the next request on an open connection, in milliseconds. Default 10,000. */
  readonly keepAliveTimeoutMs: number;
  /**
   * For a connection on which nothing moves while a request is answered, in milliseconds; longer than
   * the dispatcher's longest deadline. Ends clients that do not read their answer. Default 60,000.
   */
  readonly stalledTimeoutMs: number;
  /** How often the times above are looked at, in milliseconds. Default 1,000. */
  readonly checkIntervalMs: number;
  /** Connections at once. Default 10,000. */
  readonly connectionsMax: number;
  /**
   * Requests on one connection; the answer to the last one closes it. So whoever calls all the time connects anew now and
   * then, to where the name leads by then. Default 1,000.
   */
  readonly requestsPerConnectionMax: number;
  /** Bytes of all bodies that are being read at once. Default 64 MiB. */
  readonly bodiesBytesMax: number;
  /** How long a stop without a signal waits for running calls, in milliseconds. Default 10,000. */
  readonly stopTimeoutMs: number;
}

/** The limits of a server for which nothing else is said. */
export const httpLimits: HttpLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 10_000,
  stalledTimeoutMs: 60_000,
  checkIntervalMs: 1_000,
  connectionsMax: 10_000,
  requestsPerConnectionMax: 1_000,
  bodiesBytesMax: 67_108_864,
  stopTimeoutMs: 10_000,
};

/** The application into which further routes are mounted, beside those of the APIs. */
export type HttpApp = Hono<{ Bindings: HttpBindings }>;

/** What is served over HTTP, and where. */
export interface HttpServerOptions {
  readonly dispatcher: Dispatcher;
  /** Finds out who calls. Default: nobody asks, and nobody is known. */
  readonly authenticate?: Authenticate;
  /** Default `127.0.0.1`: this machine only. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly limits?: Partial<HttpLimits>;
  /** Default: says nothing. */
  readonly logger?: Logger;
  /** Mounts routes beside those of the APIs, such as `/livez`. */
  readonly extra?: (app: HttpApp) => void;
}

/** A server that listens. Disposing it stops it. */
export interface HttpServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Serves another dispatcher from the next request on, at the same port; running calls end where they began. */
  readonly replace: (dispatcher: Dispatcher) => void;
  /**
   * Stops: takes no connection any more, lets running calls end, and closes what is idle. When the
   * signal aborts (default: after `stopTimeoutMs`), calls and connections that are left are ended.
   */
  readonly stop: (options?: { readonly signal?: AbortSignal }) => Promise<void>;
}

/**
 * Serves the operations of a dispatcher as REST over JSON, at `/<api>/v<major><path>`, or at `/<api><path>` with the
 * version in `Accept-Version` (without it, the oldest that lives), and resolves when it listens. Whatever goes wrong is answered with a problem document (RFC 9457).
 *
 * @throws `PORT_IN_USE` when somebody else listens there.
 */
export async function serveHttp(options: HttpServerOptions): Promise<HttpServer> {
  const { host = "127.0.0.1", logger = silentLogger, extra = () => undefined } = options;
  const limits = { ...httpLimits, ...options.limits };
  const budget: BodyBudget = { bytesMax: limits.bodiesBytesMax, bytes: 0 };
  const serving = (dispatcher: Dispatcher) => {
    const app = createApp({ dispatcher, authenticate: options.authenticate, logger, budget, extra });
    // Hono's faster replacements for Request and Response would be put in place for the whole process.
    return { dispatcher, listener: getRequestListener(app.fetch, { overrideGlobalObjects: false }) };
  };
  let current = serving(options.dispatcher);
  let stopped: Promise<void> | undefined;
  const isLast = countRequests(limits.requestsPerConnectionMax);
  const server = createServer(nodeOptions(limits), (incoming, outgoing) => {
    if (stopped !== undefined || isLast(incoming.socket)) outgoing.shouldKeepAlive = false;
    outgoing.once("close", () => stopped !== undefined && server.closeIdleConnections());
    // It answers its own errors and never rejects.
    void current.listener(incoming, outgoing);
  });
  server.timeout = limits.stalledTimeoutMs;
  server.maxConnections = limits.connectionsMax;
  const port = await listen(server, { host, port: options.port });
  const stop: HttpServer["stop"] = ({ signal = AbortSignal.timeout(limits.stopTimeoutMs) } = {}) => {
    stopped ??= close(server, current.dispatcher, signal);
    return stopped;
  };
  const replace: HttpServer["replace"] = (dispatcher) => {
    current = serving(dispatcher);
  };
  const name = host.includes(":") ? `[${host}]` : host;
  return { url: `http://${name}:${port}`, port, replace, stop, [Symbol.asyncDispose]: () => stop() };
}

/** Counts the requests of each connection, and says which is its last. */
function countRequests(most: number): (socket: Socket) => boolean {
  const counted = new WeakMap<Socket, number>();
  return (socket) => {
    const requests = (counted.get(socket) ?? 0) + 1;
    counted.set(socket, requests);
    return requests >= most;
  };
}

function nodeOptions(limits: HttpLimits): object {
  return {
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: limits.checkIntervalMs,
    // Room for the longest URL that a contract may make, beside the headers.
    maxHeaderSize: 32_768,
  };
}

interface Serving {
  readonly dispatcher: Dispatcher;
  readonly authenticate: Authenticate | undefined;
  readonly logger: Logger;
  /** Shared by all that this server serves, one after the other. */
  readonly budget: BodyBudget;
}

function createApp({ extra, ...serving }: Serving & { readonly extra: (app: HttpApp) => void }): HttpApp {
  const { dispatcher, logger } = serving;
  const resolve = resolvePaths(dispatcher.apis);
  const app: HttpApp = new Hono({
    getPath: (request, options) => {
      const path = getPath(request);
      try {
        return resolve(path, acceptVersionOf((options?.env as HttpBindings | undefined)?.incoming));
      } catch {
        // No route takes it then, and the answer to that says why.
        return path;
      }
    },
  });
  extra(app);
  for (const route of bySpecificity(dispatcher.operations)) {
    const headers = { "polder-version": route.version, ...deprecationHeaders(route.deprecation) };
    app.on(route.method, route.path, (context) => answerCall(context, { route, headers }, serving));
  }
  app.notFound(async (context) => {
    const { path } = splitUrl(context.req.url);
    const acceptVersion = acceptVersionOf(context.env.incoming);
    const error = unknownRoute(dispatcher, { method: context.req.method, path, acceptVersion });
    await writeProblem(context.env, problemOf(error), { ...allowHeader(error), ...varying(context.env.incoming) });
    return RESPONSE_ALREADY_SENT;
  });
  app.onError(async (error, context) => {
    await answerError(context, error, { logger, what: `${context.req.method} ${context.req.path}` });
    return RESPONSE_ALREADY_SENT;
  });
  return app;
}

type HttpContext = Context<{ Bindings: HttpBindings }>;

interface Answering {
  readonly route: Route;
  /** Of every answer. */
  readonly headers: Readonly<Record<string, string>>;
}

async function answerCall(context: HttpContext, { route, ...found }: Answering, serving: Serving): Promise<Response> {
  const headers = { ...found.headers, ...varying(context.env.incoming) };
  try {
    await writeAnswer(context.env, await answerOf(context, route, serving), headers);
  } catch (error) {
    const { logger } = serving;
    await answerError(context, error, { logger, what: `${route.api}.${route.operation}`, headers });
  }
  return RESPONSE_ALREADY_SENT;
}

async function answerOf(
  context: HttpContext,
  route: Route,
  { dispatcher, authenticate, budget }: Serving,
): Promise<CallAnswer> {
  const { incoming, outgoing } = context.env;
  const gone = new AbortController();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  let call: HttpCall;
  try {
    const bytesMax = dispatcher.limits.inputBytesMax;
    const head = { headers: incoming.headers, address: incoming.socket.remoteAddress ?? "" };
    const { confirm, ...who } = (await authenticate?.(head, route)) ?? {};
    const read = await readRequest(route, { incoming, url: context.req.url }, { bytesMax, budget });
    confirm?.(sentRequest(incoming, read));
    call = { ...read, request: { ...read.request, ...who } };
  } catch (error) {
    const { api, operation, version } = route;
    return await dispatcher.refuse({ api, operation, version, headers: traceHeaders(incoming.headers) }, error);
  }
  const { request, deadlineMs } = call;
  const bounds = { signal: gone.signal, ...(deadlineMs === undefined ? {} : { deadlineMs }) };
  return await dispatcher.dispatch(request, bounds);
}

function sentRequest({ method = "", url = "" }: IncomingMessage, { request, body }: HttpCall): SentRequest {
  return { method, url, version: request.version, key: request.key, body };
}

interface Failing extends Failure {
  readonly headers?: Readonly<Record<string, string>>;
}

async function answerError(context: HttpContext, error: unknown, failing: Failing): Promise<void> {
  const isForCaller = isPolderError(error) && statusOfCode(error.code) !== undefined;
  const problem = isForCaller ? problemOf(error) : reportFailure(error, failing);
  return writeProblem(context.env, problem, failing.headers);
}

function acceptVersionOf(incoming: IncomingMessage | undefined): string | undefined {
  return incoming === undefined ? undefined : headerOf(incoming.headers, "accept-version");
}

/** Where a header chooses the version, no cache may answer one version with another (RFC 9110, section 12.5.5). */
function varying({ url = "" }: IncomingMessage): Readonly<Record<string, string>> {
  return hasVersion(url) ? {} : { vary: "Accept-Version" };
}

function allowHeader({ details }: PolderError): Readonly<Record<string, string>> {
  const { allowed } = details as { readonly allowed?: readonly string[] };
  return allowed === undefined ? {} : { allow: allowed.join(", ") };
}

function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", (cause: NodeJS.ErrnoException) =>
    reject(cause.code === "EADDRINUSE" ? portInUse(host, port, cause) : cause),
  );
  server.listen({ host, port }, () => resolve((server.address() as AddressInfo).port));
  return promise;
}

function portInUse(host: string, port: number, cause: Error): Error {
  return httpErrors.PORT_IN_USE(
    `Port ${port} on ${host} is taken by another program, so nothing is served. Stop that program, or choose another ` +
      "port; port 0 takes any that is free.",
    { host, port },
    { cause },
  );
}

async function close(server: Server, dispatcher: Dispatcher, signal: AbortSignal): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  const force = () => server.closeAllConnections();
  if (signal.aborted) force();
  else signal.addEventListener("abort", force, { once: true });
  await dispatcher.drain({ signal });
  server.closeIdleConnections();
  await closed;
  signal.removeEventListener("abort", force);
}
