import { type Domain, domain, event, need, team } from "@polder/model";
import { homeOf, homeSteps, migrate, migrationOf, outboxInsert, provision, sqlState } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { busDomainSteps, busNeedSteps, busSystemSteps } from "../src/index.ts";

// What somebody can read of another domain's events who logs in as a domain's role, or writes a migration.

const version = { "1.0.0": z.object({ sku: z.string() }) };
const Counted = event("inventory.Counted", { key: "sku", versions: version });
const Lost = event("inventory.Lost", { key: "sku", versions: version });
const shape = { owner: team("Shop", { contact: "#shop" }), capability: "Test" };
const inventory = domain("inventory", { ...shape, publishes: [Counted, Lost] });
const order = domain("order", { ...shape, needs: [need(Counted, "1.0.0")] });
const payment = domain("payment", shape);
const declared: readonly Domain[] = [inventory, order, payment];
const needless = domain("order", shape);

let server: TestServer;
let database: TestDatabase;
const sessions = new Map<string, pg.Client>();

async function provisionAll(domains: readonly Domain[]): Promise<void> {
  const homes = domains.map(({ name }) => homeOf(name));
  await provision({
    ...database,
    homes,
    scopes: [
      busSystemSteps(),
      ...homes.map(homeSteps),
      ...domains.map(({ name }) => busDomainSteps(name)),
      ...domains.map((one) => busNeedSteps(one)),
    ],
  });
}

beforeAll(async () => {
  server = await testServer();
  database = await server.database();
  await provisionAll(declared);
  for (const { name } of declared) {
    const client = new pg.Client(database.appAddress(name));
    client.on("error", () => undefined);
    await client.connect();
    sessions.set(name, client);
  }
  for (const [index, type] of [Counted.name, Lost.name].entries()) {
    const id = `00000000-0000-4000-8000-00000000000${index}`;
    const { text, values } = outboxInsert("inventory", [
      { id, key: "tulip", type, version: "1.0.0", data: "{}", headers: null },
    ]);
    await as("inventory", text, ...values);
  }
  await as("inventory", "select polder.relay_inventory(10)");
});
afterAll(async () => {
  for (const client of sessions.values()) await client.end();
  await database[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function as(name: string, text: string, ...values: readonly unknown[]): Promise<readonly unknown[]> {
  const session = sessions.get(name);
  if (session === undefined) throw new Error(`nobody is logged in as ${name}`);
  return (await session.query(text, [...values])).rows;
}

async function stateOf(what: Promise<unknown>): Promise<string | undefined> {
  return await what.then(
    () => "it was done",
    (error: unknown) => sqlState(error),
  );
}

const readLog = "select type from polder.read_inventory(0, 100, 0, 63, $1, 10)";

/** What nobody but Polder and the domain itself may do, whatever has been declared. */
const forbidden = [
  "select * from polder.log_inventory",
  "select * from polder.log_inventory_0",
  "select * from polder.log_order",
  "copy polder.log_inventory to stdout",
  "delete from polder.log_inventory",
  "truncate polder.log_inventory",
  "select * from polder.relay",
  "update polder.relay set seq = 0",
  "select * from polder.consumer",
  "insert into polder.consumer values ('inventory', 'order_app', '{inventory.Lost}')",
  "select * from polder.subscriber",
  "delete from polder.subscriber",
  "select polder.relay_inventory(10)",
  "select polder.maintain_inventory(1000, interval '0')",
  "select polder.adopt_inventory()",
  "select polder.require_need('inventory', '{}')",
  "select inventory._advance('s', 'order', 0, 63, 1, 1)",
  "select * from inventory._checkpoint",
  "select * from inventory._parked",
  "select * from inventory._outbox",
  "create or replace function polder.require_need(text, text[]) returns void language sql as ''",
];
/** What a need opens. */
const read = [
  "select * from polder.read_inventory(0, 100, 0, 63, '{inventory.Counted}', 10)",
  "select polder.seq_at_inventory(now())",
  "select polder.locate_inventory('[]')",
  "select polder.log_state_inventory()",
  "select polder.report('inventory', 'spy', 1)",
];

describe.each(["order", "payment"])("as %s", (name) => {
  test.each(forbidden)("denied: %s", async (statement) => {
    expect(await stateOf(as(name, statement))).toBe("42501");
  });
});

test.each(read)("denied without a need: %s", async (statement) => {
  expect(await stateOf(as("payment", statement))).toBe("42501");
});

describe("in a migration of a domain with a need", () => {
  test.each([...forbidden, ...read])("denied: %s", async (statement) => {
    const migrations = [
      migrationOf("0001.sql", statement.replace(/^copy .* to stdout$/, "select from polder.log_inventory")),
    ];
    const failed = migrate({ admin: database.admin, home: homeOf("order"), migrations });
    await expect(failed).rejects.toMatchObject({ code: "MIGRATION_FAILED", cause: { code: "42501" } });
  });
});

test("a need opens exactly the events that it names, until it is withdrawn", async () => {
  expect(await as("order", readLog, [Counted.name])).toEqual([{ type: Counted.name }]);
  expect(await stateOf(as("order", readLog, [Lost.name]))).toBe("42501");
  expect(await stateOf(as("order", readLog, [Counted.name, Lost.name]))).toBe("42501");
  await provisionAll([inventory, needless, payment]);
  expect(await stateOf(as("order", readLog, [Counted.name]))).toBe("42501");
  // The length of the log is all that is left to a former reader.
  for (const statement of read.filter((text) => !text.includes("log_state")))
    expect(await stateOf(as("order", statement))).toBe("42501");
  await provisionAll(declared);
  expect(await as("order", readLog, [Counted.name])).toEqual([{ type: Counted.name }]);
});
