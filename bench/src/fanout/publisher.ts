import { randomUUID } from "node:crypto";
import { growthSignal, type Relay, startRelay } from "@polder/bus";
import { type Database, outboxInsert } from "@polder/postgres";
import { OrderChanged } from "../events/contenders/polder-domains.ts";
import { sleep } from "../events/delivery-count.ts";
import { nextKey, PUBLISHERS, payloadOf } from "../events/workload.ts";
import { nowMs } from "./clock.ts";
import { type Address, openAs } from "./set-up.ts";

/** What publishing came to. */
export interface Published {
  readonly events: number;
  /** By the clock that the processes share. */
  readonly sinceMs: number;
}

/** The process that publishes and relays. */
export interface Publisher {
  /** Goes to the databases of a layout; nothing is relayed yet. */
  readonly open: (options: { readonly databases: number }) => Promise<void>;
  readonly startRelay: () => Promise<void>;
  readonly stopRelay: () => Promise<void>;
  /** Publishes as fast as 8 callers can, for so long or so often. */
  readonly publish: (options: { readonly durationMs?: number; readonly events?: number }) => Promise<Published>;
  /** Publishes evenly. */
  readonly pace: (options: { readonly durationMs: number; readonly perSecond: number }) => Promise<Published>;
  readonly leave: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens a publisher at a server. */
export function openPublisher(address: Address): Publisher {
  let database: Database | undefined;
  let relay: Relay | undefined;
  const current = (): Database => {
    if (database === undefined) throw new Error("No layout is open");
    return database;
  };
  const stopRelay = async (): Promise<void> => {
    await relay?.stop();
    relay = undefined;
  };
  const leave = async (): Promise<void> => {
    await stopRelay();
    await database?.close();
    database = undefined;
  };
  const publishOne = async (): Promise<void> => {
    await change(current());
    relay?.wake();
  };
  return {
    open: async ({ databases }) => {
      await leave();
      database = openAs(address, databases, "ordering");
    },
    startRelay: async () => {
      relay = startRelay({ domain: "ordering", database: current(), growth: growthSignal() });
    },
    stopRelay,
    publish: async ({ durationMs = Number.POSITIVE_INFINITY, events = Number.POSITIVE_INFINITY }) => {
      const sinceMs = nowMs();
      let begun = 0;
      const publisher = async (): Promise<void> => {
        while (begun < events && nowMs() - sinceMs < durationMs) {
          begun += 1;
          await publishOne();
        }
      };
      await Promise.all(Array.from({ length: PUBLISHERS }, publisher));
      return { events: begun, sinceMs };
    },
    pace: async ({ durationMs, perSecond }) => {
      const sinceMs = nowMs();
      const events = Math.round((durationMs / 1_000) * perSecond);
      for (let sent = 0; sent < events; sent += 1) {
        await sleep(sinceMs + (sent * 1_000) / perSecond - nowMs());
        await publishOne();
      }
      return { events, sinceMs };
    },
    leave,
    close: leave,
  };
}

/** Changes an aggregate and publishes that, in one transaction. The event says when its commit was sent. */
async function change(database: Database): Promise<void> {
  const transaction = database.begin();
  const key = nextKey();
  try {
    const [row] = await transaction.sql<{ version: number }>`
      update aggregate
      set version = version + 1, changed_at = now()
      where id = ${key}
      returning version
    `;
    const event = {
      id: randomUUID(),
      key,
      type: OrderChanged.name,
      version: "1.0.0",
      data: JSON.stringify({ ...payloadOf(key, row?.version ?? 0), sentAtMs: nowMs() }),
      headers: null,
    };
    await transaction.commit([outboxInsert("ordering", [event])]);
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}
