import { randomUUID } from "node:crypto";
import { testServer, until } from "@polder/postgres/testing";
import { expect, test } from "vitest";
import { startPresence } from "../src/index.ts";
import { openWholesale, wholesaleHomes } from "./wholesale.ts";

const gate = 17;

test("a sign of life that is under way while a process signs off does not enter it again", async () => {
  await using server = await testServer();
  await using database = await server.database(wholesaleHomes);
  await using wholesale = openWholesale(database);
  const presence = await startPresence({
    domain: "ledger",
    database: wholesale.ledger,
    instance: randomUUID(),
    leaseMs: 30,
  });
  // From here on a sign of life stops at the gate, before it finds out whether there is an entry.
  await database.admin.query(
    `create function ledger.wait_at_gate() returns trigger language plpgsql
      as $$ begin perform pg_advisory_xact_lock_shared(${gate}); return new; end $$`,
  );
  await database.admin.query(
    "create trigger gate before insert on ledger._instance for each row execute function ledger.wait_at_gate()",
  );
  const keeper = await database.admin.connect();
  await keeper.query("select pg_advisory_lock($1)", [gate]);
  const waiting = async (): Promise<boolean> => {
    const { rows } = await database.admin.query(
      "select 1 from pg_locks where locktype = 'advisory' and objid = $1 and not granted",
      [gate],
    );
    return rows.length > 0;
  };
  await until(waiting, "a sign of life is under way");
  const stopped = presence.stop();
  const entries = async (): Promise<number> =>
    (await database.admin.query("select from ledger._instance")).rowCount ?? 0;
  // Whoever does not wait for it signs off now.
  for (let statement = 0; statement < 20 && (await entries()) > 0; statement += 1);
  await keeper.end();
  await stopped;
  await until(async () => !(await waiting()), "it has been written");
  expect(await entries()).toBe(0);
});
