import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Before all tests: one PostgreSQL for the run, which the test files share, each with databases of its own. After
 * them it is gone. It is held by a process of its own, since this one does not resolve packages to their sources.
 */
export default async function testRun(): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), "polder-test-"));
  process.env["POLDER_TEST_DIRECTORY"] = directory;
  // Tests start hundreds of processes from the same sources, each of which would strip and compile them anew.
  process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "../../node_modules/.cache/compile");
  const holder = spawn(process.execPath, ["--conditions=source", join(import.meta.dirname, "hold-test-server.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(holder, "exit");
  await Promise.race([
    once(holder.stdout, "data"),
    ended.then(([code]) => Promise.reject(new Error(`no PostgreSQL for the tests (${code})`))),
  ]);
  return async () => {
    holder.stdin.end();
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
}
