import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isPolderError } from "@polder/model";
import type { Database } from "../database.ts";
import { until } from "./until.ts";

/** A file system of its own that is soon full. */
export interface SmallDisk extends AsyncDisposable {
  readonly directory: string;
  /**
   * What a server there must be told: its log of changes has its place before the disk fills up. Without it PostgreSQL
   * would have to stop.
   */
  readonly settings: Readonly<Record<string, string>>;
}

/** Makes a file system of so many megabytes in memory, at least 160; nothing where this process may not mount one. */
export async function smallDisk(megabytes: number): Promise<SmallDisk | undefined> {
  const directory = await mkdtemp(join(tmpdir(), "polder-full-"));
  try {
    const options = `size=${megabytes}m,mode=755`;
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory], { stdio: "ignore" });
  } catch {
    await rm(directory, { recursive: true });
    return undefined;
  }
  await chmod(directory, 0o755);
  return {
    directory,
    settings: { min_wal_size: "32MB", max_wal_size: "48MB", wal_level: "minimal", max_wal_senders: "0" },
    [Symbol.asyncDispose]: async () => {
      // Lazily: the last process of the server may be a moment behind.
      execFileSync("umount", ["-l", directory]);
      await rm(directory, { recursive: true });
    },
  };
}

/** Takes all the space that a server has, down to the last page; there is space again once the result is disposed. */
export async function fillDisk(admin: Database): Promise<AsyncDisposable> {
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
  const isDropped = (): Promise<boolean> =>
    admin.query("drop table if exists public.ballast").then(
      () => true,
      () => false,
    );
  return {
    [Symbol.asyncDispose]: () => until(isDropped, "there is space again"),
  };
}
