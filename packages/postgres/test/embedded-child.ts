// A user of the embedded server in a process of its own: starts it, reports to its parent, stops it
// when told to. Started by `startInChild`.
import { once } from "node:events";
import { type EmbeddedOptions, startEmbedded } from "../src/embedded/start-embedded.ts";

process.on("message", (options: EmbeddedOptions) => void use(options));

async function use(options: EmbeddedOptions): Promise<void> {
  const released = once(process, "disconnect");
  try {
    const server = await startEmbedded(options);
    const { origin, port, directory } = server;
    process.send?.({ origin, port, directory }, () => undefined);
    await released;
    await server.stop();
  } catch (error) {
    process.send?.({ error: { ...(error as object), message: (error as Error).message } });
    process.disconnect();
  }
}
