import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** What came to a collector. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A collector for tests, on a port of its own. */
export interface Collector extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  /** Resolves when something comes; what comes meanwhile is in `received`. */
  readonly next: () => Promise<void>;
}

/** Starts a collector; `answer` gives the status, and keeps the sender waiting until it does. */
export async function startCollector(answer: () => Promise<number> | number = () => 200): Promise<Collector> {
  const received: Received[] = [];
  let { promise, resolve } = Promise.withResolvers<void>();
  const take = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { url: path = "", headers } = incoming;
    const whole = Buffer.concat(chunks);
    const body = headers["content-encoding"] === "gzip" ? gunzipSync(whole) : whole;
    received.push({ path, headers, body });
    resolve();
    ({ promise, resolve } = Promise.withResolvers<void>());
    outgoing.writeHead(await answer(), { "content-type": "application/json" }).end("{}");
  };
  // Whoever sends may give up in the middle.
  const server = createServer((incoming, outgoing) => void take(incoming, outgoing).catch(() => undefined));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    next: () => promise,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** The names of the spans in batches that came as JSON. */
export function spanNames(received: readonly Received[]): readonly string[] {
  return received.flatMap(({ body }) => {
    const { resourceSpans } = JSON.parse(body.toString()) as {
      resourceSpans: readonly { scopeSpans: readonly { spans: readonly { name: string }[] }[] }[];
    };
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans.map(({ name }) => name)));
  });
}
