import { createClient } from "@polder/http";
import type { ClientOf } from "@polder/model";
import { type Host, startHost } from "@polder/runtime";
import type { OpenContender } from "../contender.ts";
import { PUBLISHERS } from "../workload.ts";
import { implementations, Ordering } from "./polder-domains.ts";
import { setUpPolder } from "./polder-setup.ts";

/**
 * Polder as its users have it: `startHost` with two domains, commands by the typed client within the process (input and
 * output copied and validated), the subscription in the other domain. It can only publish while it delivers.
 */
export const openPolderRuntime: OpenContender = async (server) => {
  const setUp = await setUpPolder(server);
  const committing = new Map<string, (version: number) => void>();
  let host: Host | undefined;
  let client: ClientOf<typeof Ordering> | undefined;
  return {
    publishOne: async (key, onCommit) => {
      if (client === undefined) throw new Error("The host does not run");
      committing.set(key, onCommit);
      const outcome = await client.change({ orderId: key });
      if (!outcome.ok) throw new Error("The command was refused");
    },
    startDelivery: async (options) => {
      host = await startHost({
        implementations: implementations(options, (key, version) => committing.get(key)?.(version)),
        address: setUp.address,
        connectionsMax: PUBLISHERS + 2,
      });
      client = createClient(Ordering, "1.0.0", { transport: host.transport });
    },
    stopDelivery: async () => {
      await host?.stop();
      host = undefined;
      client = undefined;
    },
    fill: setUp.fill,
    [Symbol.asyncDispose]: async () => {
      await host?.stop();
      await setUp[Symbol.asyncDispose]();
    },
  };
};
