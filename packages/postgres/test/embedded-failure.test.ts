import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@polder/model";
import { expect, test } from "vitest";
import { findPackage } from "../src/embedded/binaries.ts";
import { clusterIn } from "../src/embedded/cluster.ts";
import { prepareData } from "../src/embedded/data-directory.ts";
import { startEmbedded } from "../src/embedded/start-embedded.ts";
import { unprivilegedUser } from "../src/embedded/unprivileged-user.ts";
import { isRoot, newProject, processesOn } from "./embedded-project.ts";

test("a platform without binaries is refused with the way out", () => {
  expect(() => findPackage({ platform: "sunos", arch: "x64" })).toThrow(
    expect.objectContaining({ code: "EMBEDDED_UNSUPPORTED", message: expect.stringContaining("set DATABASE_URL") }),
  );
});

test("root without an unprivileged user is refused", () => {
  expect(() => unprivilegedUser("root:x:0:0::/root:/bin/sh\npostgres:x:0:0::/:/bin/sh\n")).toThrow(
    expect.objectContaining({ code: "EMBEDDED_UNSUPPORTED" }),
  );
  const passwd = "nobody:x:65534:65533::/:/bin/false\npostgres:x:26:27:a,b:/:/bin/sh\n";
  expect(unprivilegedUser(passwd)).toEqual({ uid: 26, gid: 27 });
  expect(unprivilegedUser("nobody:x:65534:65533::/:/bin/false")).toEqual({ uid: 65534, gid: 65533 });
});

test("a machine that cannot load the binaries is refused", async () => {
  await using project = await newProject();
  const place = project.folder;
  const initdb = join(place, "initdb");
  // What a program for another C library looks like to the system: the file is there, its loader is not.
  await writeFile(initdb, "#!/no/such/loader\n", { mode: 0o755 });
  const binaries = { initdb, postgres: "", pgCtl: "", major: "18" };
  const cluster = clusterIn({ directory: place, place, binaries, user: undefined });
  await expect(
    prepareData(cluster, { password: "secret", durable: false, logger: silentLogger }),
  ).rejects.toMatchObject({ code: "EMBEDDED_UNSUPPORTED", message: expect.stringContaining("C library") });
});

test("a failed start shows what the server said", async () => {
  await using project = await newProject();
  const start = startEmbedded({ ...project, settings: { no_such_setting: "1" } });
  const said = expect.stringContaining('unrecognized configuration parameter "no_such_setting"');
  await expect(start).rejects.toMatchObject({ code: "EMBEDDED_START_FAILED", message: said, details: { log: said } });
  await using server = await startEmbedded(project);
  expect(server.origin).toBe("started");
});

test("data of another major version is left alone", async () => {
  await using project = await newProject();
  const server = await startEmbedded(project);
  await server.stop();
  await writeFile(join(server.directory, "PG_VERSION"), "17\n");
  await expect(startEmbedded(project)).rejects.toMatchObject({
    code: "EMBEDDED_DATA_VERSION",
    details: { directory: server.directory, found: "17", expected: "18" },
  });
});

test("a file where the folder should be is named", async () => {
  await using project = await newProject();
  await writeFile(project.directory, "");
  await expect(startEmbedded(project)).rejects.toMatchObject({
    code: "EMBEDDED_DIRECTORY_UNUSABLE",
    details: { directory: project.directory },
  });
});

test.runIf(await canMount())("a full disk is named (needs the right to mount)", async () => {
  await using project = await newProject();
  await mkdir(project.directory);
  execFileSync("/bin/mount", ["-t", "tmpfs", "-o", "size=20m,mode=755", "tmpfs", project.directory]);
  try {
    await expect(startEmbedded(project)).rejects.toMatchObject({
      code: "EMBEDDED_DIRECTORY_UNUSABLE",
      details: { reason: "the disk is full" },
    });
  } finally {
    execFileSync("/bin/umount", [project.directory]);
  }
});

test("a lost password is named, and the server does not stay", async () => {
  await using project = await newProject();
  const server = await startEmbedded(project);
  await server.stop();
  await rm(join(project.directory, "secrets"));
  await expect(startEmbedded(project)).rejects.toMatchObject({ code: "EMBEDDED_PASSWORD_REJECTED" });
  expect(processesOn(server.directory)).toEqual([]);
});

async function canMount(): Promise<boolean> {
  if (!isRoot || process.platform !== "linux") return false;
  const folder = await mkdtemp(join(tmpdir(), "polder-mount-"));
  try {
    execFileSync("/bin/mount", ["-t", "tmpfs", "tmpfs", folder], { stdio: "ignore" });
    execFileSync("/bin/umount", [folder]);
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true });
  }
}
