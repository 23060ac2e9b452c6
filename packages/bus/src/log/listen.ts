import { type Logger, silentLogger } from "@polder/model";
import type { Database } from "@polder/postgres";
import { channelOf } from "../names.ts";
import { pauseFor } from "../pause.ts";
import type { GrowthSignal } from "./event-source.ts";

/** A connection that hears of growth in other processes. */
export interface Listening {
  readonly stop: () => Promise<void>;
}

/** Longest pause before the connection is tried again, in milliseconds. */
const RECONNECT_MAX_MS = 5_000;

/** Listens for logs that grow in a database, on one connection outside the pool; connects again when it is lost. */
export function listenForGrowth(options: {
  readonly database: Database;
  readonly publishers: readonly string[];
  readonly growth: GrowthSignal;
  readonly logger?: Logger;
}): Listening {
  const { database, publishers, growth, logger = silentLogger } = options;
  const stopping = new AbortController();
  const pause = pauseFor(stopping.signal);
  const publisherOf = new Map(publishers.map((publisher) => [channelOf(publisher), publisher]));

  const listenOnce = async (): Promise<void> => {
    const client = await database.connect();
    try {
      const lost = new Promise<void>((resolve) => {
        client.once("end", resolve);
        client.once("error", () => resolve());
        stopping.signal.addEventListener("abort", () => resolve(), { once: true });
        if (stopping.signal.aborted) resolve();
      });
      client.on("notification", ({ channel, payload = "" }) => {
        const publisher = publisherOf.get(channel);
        if (publisher !== undefined) growth.grown(publisher, /^\d+$/.test(payload) ? BigInt(payload) : undefined);
      });
      for (const channel of publisherOf.keys()) await client.query(`listen ${client.escapeIdentifier(channel)}`);
      // Whatever was said before we listened is lost: look once.
      for (const publisher of publishers) growth.grown(publisher);
      await lost;
    } finally {
      await client.end().catch(() => undefined);
    }
  };

  const run = async (): Promise<void> => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        await listenOnce();
        failures = 0;
      } catch (error) {
        failures += 1;
        logger.debug("no connection to listen on; subscriptions poll meanwhile", {
          ...database.target,
          failures,
          error,
        });
      }
      await pause.for(Math.min(RECONNECT_MAX_MS, 100 * 2 ** failures), { interruptible: false });
    }
  };
  const running = publishers.length === 0 ? Promise.resolve() : run();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
