import { identifier, openDatabase } from "@polder/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { shop } from "../domains/all-domains.ts";

import { type ShopDatabase, shopDatabase } from "./shop-database.ts";

/** How PostgreSQL itself refuses: SQLSTATE insufficient_privilege. */
const forbidden = { code: "42501" };

const tables: Readonly<Record<string, string>> = {
  customer: "customer",
  inventory: "stock",
  order: "orders",
  payment: "payment",
  fulfillment: "shipment",
  accounting: "entry",
};
const domains = Object.keys(tables);

let database: ShopDatabase;

beforeAll(async () => {
  database = await shopDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const pairs = domains.flatMap((domain) => domains.filter((other) => other !== domain).map((other) => [domain, other]));

test.each(pairs)("%s can neither read nor write what %s keeps", async (domain, other) => {
  const table = identifier(other, tables[other] ?? "");
  await expect(as(domain, `select from ${table}`)).rejects.toMatchObject(forbidden);
  await expect(as(domain, `delete from ${table}`)).rejects.toMatchObject(forbidden);
});

test.each(domains)("%s reads and writes its own tables, and cannot change their shape", async (domain) => {
  const table = identifier(tables[domain] ?? "");
  await expect(as(domain, `select from ${table}`)).resolves.toBeUndefined();
  await expect(as(domain, `delete from ${table}`)).resolves.toBeUndefined();
  await expect(as(domain, `drop table ${table}`)).rejects.toMatchObject(forbidden);
  await expect(as(domain, "create table more (a int)")).rejects.toMatchObject(forbidden);
});

const events = shop.flatMap(({ domain }) => domain.publishes.filter(({ kind }) => kind === "event"));

test.each(shop)("$domain.name reads no events but those that it declares to need", async ({ domain }) => {
  const needed = new Set(domain.needs.map(({ contract }) => contract.name));
  for (const { name } of events) {
    const [publisher = ""] = name.split(".", 1);
    const read = as(
      domain.name,
      `select ${identifier("polder", `read_${publisher}`)}(0, 10, 0, 63, array['${name}'], 10)`,
    );
    if (needed.has(name)) await expect(read).resolves.toBeUndefined();
    else await expect(read).rejects.toMatchObject(forbidden);
    const log = identifier("polder", `log_${publisher}`);
    await expect(as(domain.name, `select from ${log}`)).rejects.toMatchObject(forbidden);
  }
});

async function as(domain: string, sql: string): Promise<void> {
  await using own = openDatabase({ ...database.address(domain), schema: domain, connectionsMax: 1 });
  await own.query(sql);
}
