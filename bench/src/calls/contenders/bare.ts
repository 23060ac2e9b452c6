import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { changeByHand } from "../change-by-hand.ts";
import type { OpenCallServer } from "../contender.ts";
import { CHANGE_PATH, type ChangeInput, type ChangeOutput, changeInput, changeOutput } from "../order.ts";

/** The limit: `node:http`, `JSON.parse`, and the transaction by hand; nothing is checked, and nobody is asked who calls. */
export const openBare: OpenCallServer = (server) => open(server, {});

/** The same with begin and update sent together. */
export const openBarePipelined: OpenCallServer = (server) => open(server, { pipeline: true });

/** The same as the limit, with Zod for what comes and what goes. */
export const openBareZod: OpenCallServer = (server) =>
  open(server, { read: (value) => changeInput.parse(value), write: (value) => changeOutput.parse(value) });

interface BareOptions {
  readonly pipeline?: boolean;
  readonly read?: (value: unknown) => ChangeInput;
  readonly write?: (value: ChangeOutput) => ChangeOutput;
}

async function open(address: Parameters<OpenCallServer>[0], options: BareOptions): ReturnType<OpenCallServer> {
  const { pipeline = false, read = (value) => value as ChangeInput, write = (value) => value } = options;
  const { change, [Symbol.asyncDispose]: closeDatabase } = changeByHand(address, { pipeline });
  const answer = async (incoming: IncomingMessage): Promise<string> =>
    JSON.stringify(write(await change(read(JSON.parse(await textOf(incoming))))));
  const server = createServer((incoming, outgoing) => {
    if (incoming.method !== "POST" || incoming.url !== CHANGE_PATH) {
      outgoing.writeHead(404).end();
      return;
    }
    answer(incoming).then(
      (text) =>
        outgoing
          .writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) })
          .end(text),
      (error: unknown) => outgoing.writeHead(500).end(String(error)),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await closeDatabase();
    },
  };
}

function textOf(incoming: IncomingMessage): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  incoming
    .setEncoding("utf8")
    .on("data", (chunk: string) => {
      text += chunk;
    })
    .on("end", () => resolve(text))
    .on("error", reject);
  return promise;
}
