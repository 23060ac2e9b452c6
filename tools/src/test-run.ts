import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, chmod, constants, mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Before all tests: a folder of the run for temporary files, and in it one PostgreSQL, which the test files share, each
 * with databases of its own. After them both are gone, even if this process is killed: they are held by another one, which
 * also resolves packages to their sources, as this one does not.
 */
export default async function testRun(): Promise<() => Promise<void>> {
  const directory = await makeRunDirectory();
  process.env["TMPDIR"] = directory;
  process.env["POLDER_TEST_DIRECTORY"] = join(directory, "server");
  // Tests start hundreds of processes from the same sources, each of which would strip and compile them anew.
  process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "../../node_modules/.cache/compile");
  const program = join(import.meta.dirname, "hold-test-server.ts");
  const holder = spawn(process.execPath, ["--conditions=source", program, directory], {
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
  };
}

/** Where Linux keeps files in memory. */
const MEMORY = "/dev/shm";
/** What the files of a run take at most, twice over. */
const ROOM_BYTES_MIN = 4 * 1024 ** 3;

/**
 * In memory where that has room: tests make and drop thousands of files with their databases, and a disk's file system
 * takes several times as long for that as for everything else.
 */
async function makeRunDirectory(): Promise<string> {
  for (const parent of [MEMORY, tmpdir()]) {
    const directory = await mkdtemp(join(parent, "polder-test-")).catch(() => undefined);
    if (directory === undefined) continue;
    if (parent !== MEMORY || (await isRoomy(directory))) {
      // The server's user must get through when it is another one.
      await chmod(directory, 0o711);
      return directory;
    }
    await rm(directory, { recursive: true });
  }
  throw new Error(`no folder for temporary files: neither ${MEMORY} nor ${tmpdir()} can be written`);
}

/** Room for the files, and programs among them may run. */
async function isRoomy(directory: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(directory);
  const program = join(directory, "program");
  await writeFile(program, "", { mode: 0o700 });
  const runs = await access(program, constants.X_OK).then(
    () => true,
    () => false,
  );
  await rm(program);
  return runs && Math.min(bavail * bsize, freemem()) > ROOM_BYTES_MIN;
}
