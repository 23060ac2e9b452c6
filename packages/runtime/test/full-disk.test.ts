import { randomBytes } from "node:crypto";
import { subscription } from "@polder/model";
import { fillDisk, smallDisk, testServer, until } from "@polder/postgres/testing";
import { expect, test } from "vitest";
import { bankWith, report, reportWith } from "./bank.ts";
import { bankHomes, hostOn, rows } from "./hosting.ts";

const count = subscription(report, "count", {
  "bank.Booked": async ({ event: { id, data }, tx }) => {
    await tx.sql`insert into counted (event_id, account, amount) values (${id}, ${data.account}, ${data.amount})`;
  },
});

test("a full disk fails calls with a code and keeps nothing of them; with space again all goes on, each event once", async (context) => {
  await using disk = await smallDisk(200);
  if (disk === undefined) return context.skip("needs the right to mount a file system, to have one that is small");
  await using server = await testServer({ own: "full", ownDirectory: disk.directory, settings: disk.settings });
  await using database = await server.database();
  await bankHomes.fill(database);
  await using host = await hostOn(database, [bankWith(), reportWith({ subscriptions: [count] })]);

  const full = await fillDisk(database.admin);
  let booked = 0;
  const book = async (): Promise<void> => {
    const note = randomBytes(900).toString("hex");
    await host.bank.book({ account: "a", amount: 1, note }, { key: `booking-${booked}` });
    booked += 1;
  };
  // What is left of the last pages takes a few.
  const bookOn = async (): Promise<void> => {
    for (let attempts = 0; attempts < 1_000; attempts += 1) await book();
  };
  await expect(bookOn()).rejects.toMatchObject({
    code: "CALL_FAILED",
    details: { problem: { code: "POSTGRES_FULL" } },
  });

  await full[Symbol.asyncDispose]();
  await book();
  const counted = "select count(*)::int as n, count(distinct event_id)::int as different from report.counted";
  await until(
    async () => ((await rows(database.admin, counted)) as { n: number }[])[0]?.n === booked,
    "all are counted",
  );
  expect(await rows(database.admin, counted)).toEqual([{ n: booked, different: booked }]);
  expect(await rows(database.admin, "select count(*)::int as n from bank.booking")).toEqual([{ n: booked }]);
  expect(await rows(database.admin, "select from report._parked")).toEqual([]);
});
