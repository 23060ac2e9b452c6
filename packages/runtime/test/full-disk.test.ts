import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isPolderError, subscription } from "@polder/model";
import type { Database } from "@polder/postgres";
import { testServer, until } from "@polder/postgres/testing";
import { expect, test } from "vitest";
import { bankWith, report, reportWith } from "./bank.ts";
import { hostOn, provisionBank, rows } from "./hosting.ts";

const count = subscription(report, "count", {
  "bank.Booked": async ({ event: { id, data }, tx }) => {
    await tx.sql`insert into counted (event_id, account, amount) values (${id}, ${data.account}, ${data.amount})`;
  },
});

/** Takes all the space there is, down to the last page. */
async function fill(admin: Database): Promise<void> {
  await admin.query("create unlogged table public.ballast (filler text)");
  await admin.query("alter table public.ballast alter column filler set storage plain");
  for (let lines = 8_192; lines >= 1; ) {
    const filling = "insert into public.ballast select repeat('x', 7000) from generate_series(1, $1)";
    const isFull = await admin.query(filling, [lines]).then(
      () => false,
      (error: unknown) => isPolderError(error, "POSTGRES_FULL"),
    );
    if (isFull) lines = Math.floor(lines / 2);
  }
}

test("a full disk fails calls with a code and keeps nothing of them; with space again all goes on, each event once", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "polder-full-"));
  context.onTestFinished(() => rm(folder, { recursive: true }));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=200m,mode=755", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    context.skip("needs the right to mount a file system, to have one that is small");
  }
  context.onTestFinished(() => void execFileSync("umount", ["-l", folder]));
  await chmod(folder, 0o755);
  // The log of changes has its place before the disk fills up: without it PostgreSQL would have to stop.
  const settings = { min_wal_size: "32MB", max_wal_size: "48MB", wal_level: "minimal", max_wal_senders: "0" };
  await using server = await testServer({ own: "full", ownDirectory: folder, settings });
  await using database = await server.database();
  await provisionBank(database);
  await using host = await hostOn(database, [bankWith(), reportWith({ subscriptions: [count] })]);

  await fill(database.admin);
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

  await database.admin.query("drop table public.ballast");
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
