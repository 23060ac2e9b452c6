import { randomUUID } from "node:crypto";
import {
  growthSignal,
  type HandleEvents,
  type LoggedEvent,
  postgresSource,
  runStream,
  startPresence,
  startRelay,
} from "@polder/bus";
import { type Database, openDatabase, outboxInsert } from "@polder/postgres";
import type { DeliveryOptions, OpenContender } from "../contender.ts";
import { type Payload, PUBLISHERS, payloadOf } from "../workload.ts";
import { OrderChanged, subscriptions } from "./polder-domains.ts";
import { type PolderSetup, setUpPolder } from "./polder-setup.ts";

/**
 * Polder's transaction, outbox, relay and streams without the runtime around them: no contracts checked, no copies, no
 * spans. Publishing without a relay is what stands beside the transaction written by hand.
 */
export const openPolderBus: OpenContender = async (server) => {
  const setUp = await setUpPolder(server);
  const ordering = open(setUp, "ordering");
  const billing = open(setUp, "billing");
  let delivery: Delivery | undefined;
  return {
    publishOne: async (key, committing) => {
      const transaction = ordering.begin();
      try {
        const [row] = await transaction.sql<{ version: number }>`
          update aggregate
          set version = version + 1, changed_at = now()
          where id = ${key}
          returning version
        `;
        const version = row?.version ?? 0;
        const event = {
          id: randomUUID(),
          key,
          type: OrderChanged.name,
          version: "1.0.0",
          data: JSON.stringify(payloadOf(key, version)),
          headers: null,
        };
        committing(version);
        await transaction.commit([outboxInsert("ordering", [event])]);
        delivery?.wake();
      } catch (error) {
        await transaction.rollback();
        throw error;
      }
    },
    startDelivery: async (options) => {
      delivery = await startDelivery({ ordering, billing }, options);
    },
    stopDelivery: async () => {
      await delivery?.stop();
      delivery = undefined;
    },
    fill: setUp.fill,
    [Symbol.asyncDispose]: async () => {
      await delivery?.stop();
      await ordering.close();
      await billing.close();
      await setUp[Symbol.asyncDispose]();
    },
  };
};

function open(setUp: PolderSetup, domain: string): Database {
  return openDatabase({ ...setUp.address(domain), schema: domain, connectionsMax: PUBLISHERS + 2 });
}

interface Delivery {
  readonly wake: () => void;
  readonly stop: () => Promise<void>;
}

interface Databases {
  readonly ordering: Database;
  readonly billing: Database;
}

async function startDelivery({ ordering, billing }: Databases, options: DeliveryOptions): Promise<Delivery> {
  const growth = growthSignal();
  const instance = randomUUID();
  const presence = await startPresence({ domain: "billing", database: billing, instance });
  const relay = startRelay({ domain: "ordering", database: ordering, growth });
  const streams = subscriptions(options).map((subscription, number) =>
    runStream({
      subscription,
      source: postgresSource({ publisher: "ordering", database: billing, growth }),
      database: billing,
      instance,
      handle: number === 0 ? writing(options) : counting(number, options),
    }),
  );
  return {
    wake: relay.wake,
    stop: async () => {
      await Promise.all(streams.map((stream) => stream.stop()));
      await relay.stop();
      await presence.stop();
    },
  };
}

/** Writes a row for each event; the same statements as the handlers of the runtime's subscriptions. */
function writing({ mode, handled }: DeliveryOptions): HandleEvents {
  return async (logged, transaction) => {
    if (transaction === undefined) throw new Error("A handler inside the database has a transaction");
    const events = logged.map(changeOf);
    for (const { key, version } of events) handled(0, key, version);
    const [only] = events;
    if (mode === "each") {
      await transaction.sql`insert into sink (key, version) values (${only?.key}, ${only?.version})`;
    } else {
      await transaction.sql`
        insert into sink (key, version)
        select key, version
        from unnest(${events.map(({ key }) => key)}::text[], ${events.map(({ version }) => version)}::integer[])
          as event (key, version)
      `;
    }
    return { last: [] };
  };
}

function counting(number: number, { handled }: DeliveryOptions): HandleEvents {
  return async (logged) => {
    for (const { key, version } of logged.map(changeOf)) handled(number, key, version);
    return { last: [] };
  };
}

function changeOf({ key, data }: LoggedEvent): { readonly key: string; readonly version: number } {
  return { key, version: (JSON.parse(data) as Payload).version };
}
