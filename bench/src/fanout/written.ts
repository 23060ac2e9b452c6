import type { Database } from "@polder/postgres";
import { sleep } from "../events/delivery-count.ts";
import type { Samples } from "../samples.ts";
import { type Crew, resumeConsumers, startConsumers } from "./crew.ts";
import { databasesOf, type Layout } from "./layout.ts";

/** What the server has written to its log since it was made, in bytes; all databases together. */
export async function walBytes(admin: Database): Promise<number> {
  const { rows } = await admin.query<{ bytes: number }>(
    "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float as bytes",
  );
  return rows[0]?.bytes ?? 0;
}

/** What tables and indexes take, in bytes. */
async function storedBytes(admin: Database): Promise<number> {
  const { rows } = await admin.query<{ bytes: number }>(
    `select sum(pg_relation_size(c.oid))::float as bytes
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'i', 't') and n.nspname not in ('pg_catalog', 'information_schema')`,
  );
  return rows[0]?.bytes ?? 0;
}

/**
 * What is written for one event, step by step, each with nothing else going on: publishing without a relay, relaying
 * without a subscription, delivering what is there, to one subscription and to sixteen.
 */
export async function measureWritten(
  crew: Crew,
  samples: Samples,
  { events }: { readonly events: number },
): Promise<void> {
  const admin = crew.admin(databasesOf(1).ordering);
  const during = async (step: string, doIt: () => Promise<void>): Promise<void> => {
    const before = { wal: await walBytes(admin), stored: await storedBytes(admin) };
    await doIt();
    samples.add(`written.wal.${step}`, ((await walBytes(admin)) - before.wal) / events, "B an event");
    samples.add(`written.stored.${step}`, ((await storedBytes(admin)) - before.stored) / events, "B an event");
  };
  for (const subscriptions of [1, 16]) {
    const layout: Layout = { subscriptions, processes: 1, databases: 1 };
    await crew.publisher.ask("open", { databases: 1 });
    // They are registered, and go: what is published from here on waits for them.
    await (await startConsumers(crew, layout))[Symbol.asyncDispose]();
    const head = await headOf(admin);
    await during("publish", async () => void (await crew.publisher.ask("publish", { events })));
    await during("relay", async () => {
      await crew.publisher.ask("startRelay");
      while ((await headOf(admin)) < head + events) await sleep(20);
      await crew.publisher.ask("stopRelay");
    });
    await during(`delivery-${subscriptions}`, async () => {
      await using working = await resumeConsumers(crew, layout);
      await working.settled(events);
    });
    await crew.publisher.ask("leave");
  }
}

async function headOf(admin: Database): Promise<number> {
  const { rows } = await admin.query<{ head: number }>(
    "select seq::float as head from polder.relay where domain = 'ordering' order by step desc limit 1",
  );
  return rows[0]?.head ?? 0;
}
