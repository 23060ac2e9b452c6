import { isInfrastructureError } from "@polder/postgres";
import { fillDisk, smallDisk, testServer } from "@polder/postgres/testing";
import { expect, test } from "vitest";
import { rowOf } from "./homes.ts";

test("on a full disk nothing of the transaction is kept, and with space it goes on", async (context) => {
  await using disk = await smallDisk(160);
  if (disk === undefined) return context.skip("needs the right to mount a file system, to have one that is small");
  await using server = await testServer({ own: "full", ownDirectory: disk.directory, settings: disk.settings });
  await using database = await server.database();
  const { admin } = database;
  await admin.query("create table kept (n int)");
  const tx = admin.begin();
  await tx.query("insert into kept values (1)");
  const full = await fillDisk(admin);
  const large = tx.query("insert into kept select generate_series(1, 100000)");
  await expect(large).rejects.toMatchObject({
    code: "POSTGRES_FULL",
    details: { database: database.address.database },
    cause: { code: "53100" },
  });
  await expect(tx.commit()).rejects.toMatchObject({ code: "TRANSACTION_ABORTED" });
  expect(isInfrastructureError(await large.catch((error: unknown) => error))).toBe(true);

  await full[Symbol.asyncDispose]();
  await admin.query("insert into kept values (2)");
  expect(await rowOf(admin, "select array_agg(n) as n from kept")).toEqual({ n: [2] });
});
