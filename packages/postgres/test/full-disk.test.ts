import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isInfrastructureError, openDatabase, startEmbedded } from "@polder/postgres";
import { expect, test } from "vitest";
import { rowOf } from "./homes.ts";

test("on a full disk nothing of the transaction is kept, and with space it goes on", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "polder-full-"));
  context.onTestFinished(() => rm(folder, { recursive: true }));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=160m,mode=755", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    context.skip("needs the right to mount a file system, to have one that is small");
  }
  try {
    await chmod(folder, 0o755);
    // The log of changes has its place before the disk fills up: without it PostgreSQL would have to stop.
    const settings = { min_wal_size: "32MB", max_wal_size: "48MB", wal_level: "minimal", max_wal_senders: "0" };
    await using server = await startEmbedded({ directory: folder, durable: false, settings });
    await using database = openDatabase({ ...server, database: "postgres" });
    await database.query("create unlogged table ballast (filler text)");
    await database.query("alter table ballast alter column filler set storage plain");
    await database.query("create table kept (n int)");
    const tx = database.begin();
    await tx.query("insert into kept values (1)");
    const filled = tx.query("insert into ballast select repeat('x', 1000) from generate_series(1, 200000)");
    await expect(filled).rejects.toMatchObject({
      code: "POSTGRES_FULL",
      details: { database: "postgres" },
      cause: { code: "53100" },
    });
    await expect(tx.commit()).rejects.toMatchObject({ code: "TRANSACTION_ABORTED" });
    expect(isInfrastructureError(await filled.catch((error: unknown) => error))).toBe(true);

    await database.query("truncate ballast");
    await database.query("insert into kept values (2)");
    expect(await rowOf(database, "select array_agg(n) as n from kept")).toEqual({ n: [2] });
  } finally {
    // Lazily: the last process of the server may be a moment behind.
    execFileSync("umount", ["-l", folder]);
  }
});
