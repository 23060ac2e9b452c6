import {
  bulkheadTransport,
  type CallTransport,
  hedgedTransport,
  httpTransport,
  localTransport,
  resilientTransport,
  serveHttp,
  verifyCallers,
} from "../src/index.ts";
import { callersWithKeys } from "./callers.ts";
import { describeTransport } from "./transport-conformance.ts";

/** A way of carrying calls, and what is wrapped around it. */
interface Way {
  readonly name: string;
  readonly wrap: (transport: CallTransport) => CallTransport;
}

const local: readonly Way[] = [
  { name: "inside one process", wrap: (transport) => transport },
  { name: "inside one process, through a bulkhead", wrap: (transport) => bulkheadTransport({ transport }) },
];
for (const { name, wrap } of local) {
  describeTransport(name, async (dispatcher) => ({
    transport: wrap(localTransport(dispatcher)),
    [Symbol.asyncDispose]: async () => undefined,
  }));
}

const remote: readonly Way[] = [
  { name: "over HTTP", wrap: (transport) => transport },
  { name: "over HTTP, resilient", wrap: (transport) => resilientTransport({ transport }) },
  { name: "over HTTP, sent twice", wrap: (transport) => hedgedTransport({ transport, afterMs: 1 }) },
];
for (const { name, wrap } of remote) {
  describeTransport(name, async (dispatcher) => {
    const server = await serveHttp({ dispatcher, port: 0 });
    return {
      transport: wrap(httpTransport({ baseUrl: server.url })),
      [Symbol.asyncDispose]: () => server.stop({ signal: AbortSignal.abort() }),
    };
  });
}

describeTransport("over HTTP between domains that prove who they are", async (dispatcher) => {
  const callers = await callersWithKeys("order");
  const server = await serveHttp({ dispatcher, port: 0, authenticate: verifyCallers({ keys: callers.keySet }) });
  const transport = httpTransport({ baseUrl: server.url, authorize: (request) => callers.authorize(request) });
  return {
    transport: { call: (request, options) => transport.call({ ...request, caller: "order" }, options) },
    [Symbol.asyncDispose]: () => server.stop({ signal: AbortSignal.abort() }),
  };
});
