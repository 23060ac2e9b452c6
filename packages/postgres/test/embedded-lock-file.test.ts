import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { acquireLock, acquireLockSync } from "../src/embedded/lock-file.ts";
import { processIdentity } from "../src/embedded/process-identity.ts";
import { newProject } from "./embedded-project.ts";

const wait = { timeoutMs: 10_000 };
const deadPid = 2 ** 22 + 1;

test("one holder at a time, also within one process", async () => {
  await using project = await newProject();
  const path = join(project.folder, "lock");
  let held = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      using _lock = await acquireLock(path, wait);
      expect(++held).toBe(1);
      await readdir(project.folder);
      held--;
    }),
  );
  expect(await readdir(project.folder)).toEqual([]);
});

test("a holder that stays is named", async () => {
  await using project = await newProject();
  const path = join(project.folder, "lock");
  using _lock = acquireLockSync(path, wait);
  const held = expect.objectContaining({ code: "LOCK_HELD", details: { path, pid: process.pid } });
  await expect(acquireLock(path, { timeoutMs: 20 })).rejects.toEqual(held);
  expect(() => acquireLockSync(path, { timeoutMs: 20 })).toThrow(held);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(acquireLock(path, { ...wait, signal })).rejects.toThrow("enough");
  expect(await readdir(project.folder)).toEqual(["lock"]);
});

test.each([
  ["a process that ended", { pid: deadPid, started: "then", nonce: "a" }],
  ["a process whose number another one has now", { pid: process.pid, started: "then", nonce: "b" }],
  ["nobody we know of", "garbage"],
])("the lock of %s is taken over", async (_, holder) => {
  await using project = await newProject();
  const path = join(project.folder, "lock");
  await writeFile(path, typeof holder === "string" ? holder : JSON.stringify(holder));
  // One that was about to take over ended too.
  await writeFile(`${path}.after-a`, JSON.stringify({ pid: deadPid, started: "then", nonce: "c" }));
  {
    using _lock = await acquireLock(path, wait);
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ pid: process.pid });
  }
  expect(await readdir(project.folder)).not.toContain("lock");
});

test("processes that find the same stale lock at once never hold it together", async () => {
  await using project = await newProject();
  const path = join(project.folder, "lock");
  const program = `
    import { openSync, closeSync, renameSync, rmSync, writeFileSync } from "node:fs";
    import { acquireLockSync } from ${JSON.stringify(join(import.meta.dirname, "../src/embedded/lock-file.ts"))};
    const [path] = process.argv.slice(-1);
    for (let round = 0; round < 50; round++) {
      using lock = acquireLockSync(path, { timeoutMs: 20000 });
      closeSync(openSync(path + "-held", "wx"));
      rmSync(path + "-held");
      // As if killed while holding it; at once with its whole content, as locks are.
      const dead = path + "-dead-" + process.pid;
      if (round % 5 === 0) {
        writeFileSync(dead, JSON.stringify({ pid: ${deadPid}, started: "", nonce: process.pid + "-" + round }));
        renameSync(dead, path);
      }
    }`;
  const run = () =>
    promisify(execFile)(process.execPath, ["--conditions=source", "--input-type=module", "--eval", program, path]);
  await Promise.all([run(), run(), run(), run()]);
});

test("a process is known by its start, and not at all when it has ended", () => {
  expect(processIdentity(process.pid)).toBe(processIdentity(process.pid));
  expect(processIdentity(process.ppid)).not.toBe(processIdentity(process.pid));
  for (const pid of [deadPid, 0, -1, Number.NaN]) expect(processIdentity(pid)).toBeUndefined();
});
