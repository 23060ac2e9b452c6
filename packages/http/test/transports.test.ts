import { httpTransport, localTransport, serveHttp } from "../src/index.ts";
import { describeTransport } from "./transport-conformance.ts";

describeTransport("inside one process", async (dispatcher) => ({
  transport: localTransport(dispatcher),
  [Symbol.asyncDispose]: async () => undefined,
}));

describeTransport("over HTTP", async (dispatcher) => {
  const server = await serveHttp({ dispatcher, port: 0 });
  return {
    transport: httpTransport({ baseUrl: server.url }),
    [Symbol.asyncDispose]: () => server.stop({ signal: AbortSignal.abort() }),
  };
});
