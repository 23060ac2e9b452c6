import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { OpenAPIHandler } from "@orpc/openapi/node";
import { os } from "@orpc/server";
import { changeByHand } from "../change-by-hand.ts";
import type { OpenCallServer } from "../contender.ts";
import { CHANGE_PATH, changeInput, changeOutput } from "../order.ts";

/** oRPC with its OpenAPI handler on `node:http`, which takes the same body as the others. */
export const openOrpc: OpenCallServer = async (address) => {
  const { change: changing, [Symbol.asyncDispose]: closeDatabase } = changeByHand(address);
  const change = os
    .route({ method: "POST", path: CHANGE_PATH })
    .input(changeInput)
    .output(changeOutput)
    .handler(({ input }) => changing(input));
  const handler = new OpenAPIHandler({ change });
  const server = createServer((incoming, outgoing) => {
    handler.handle(incoming, outgoing).then(
      ({ matched }) => matched || outgoing.writeHead(404).end(),
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
};
