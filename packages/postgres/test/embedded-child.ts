// A user of the embedded server in a process of its own: starts it, reports to its parent, stops it
// when its parent lets go. Started by `startInChild`.
import { once } from "node:events";
import { type EmbeddedOptions, type EmbeddedServer, startEmbedded } from "../src/embedded/start-embedded.ts";

export type ChildAnswer =
  | Pick<EmbeddedServer, "origin" | "port" | "directory">
  | { readonly error: { readonly message: string } };

process.on("message", (options: EmbeddedOptions) => void use(options));

async function use(options: EmbeddedOptions): Promise<void> {
  const released = once(process, "disconnect");
  try {
    const server = await startEmbedded(options);
    const { origin, port, directory } = server;
    answer({ origin, port, directory });
    await released;
    await server.stop();
  } catch (error) {
    if (!process.connected) throw error;
    answer({ error: { ...(error as Error), message: (error as Error).message } });
    process.disconnect();
  }
}

/** Whether the parent still listens is its affair. */
function answer(message: ChildAnswer): void {
  process.send?.(message, () => undefined);
}
