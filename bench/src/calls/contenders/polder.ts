import type { OpenCallServer } from "../contender.ts";
import { orderingImplementation } from "../orders.ts";
import { everything, type PolderParts, startBenchHost } from "../polder-host.ts";

/** Polder's host with one domain: validated, identified, traced and measured, or without some of it. */
export function openPolder(without: Partial<PolderParts> & { readonly validates?: boolean } = {}): OpenCallServer {
  const { validates = true, ...parts } = without;
  return async (server) => {
    const { host, [Symbol.asyncDispose]: close } = await startBenchHost(
      server,
      [orderingImplementation({ validates })],
      {
        parts: { ...everything, ...parts },
      },
    );
    return { url: host.url, [Symbol.asyncDispose]: close };
  };
}
