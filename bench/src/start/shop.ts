import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const command = join(root, "packages/polder/src/main.ts");

/** A copy of the shop, so that nobody's `.polder` is touched. */
export interface Shop extends AsyncDisposable {
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** Copies the shop into the system's temporary folder. */
export async function copyShop(signal: AbortSignal): Promise<Shop> {
  const directory = await mkdtemp(join(tmpdir(), "polder-bench-shop-"));
  // As root the server is another user, who must be able to pass through.
  await chmod(directory, 0o711);
  const left = new Set([".polder", "node_modules", "test"]);
  await cp(join(root, "examples/shop"), directory, {
    recursive: true,
    filter: (source) => !source.split("/").some((part) => left.has(part)),
  });
  await symlink(join(root, "node_modules"), join(directory, "node_modules"));
  return { directory, signal, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

/** A running `polder dev`. */
export interface DevProcess {
  readonly pid: number;
  /** Process id of its PostgreSQL. */
  readonly postmaster: number;
  /** Version of its PostgreSQL. */
  readonly postgres: string;
  /** From the start of the process until `/readyz` said yes, in milliseconds. */
  readonly readyMs: number;
  readonly stop: () => Promise<void>;
}

/** A start takes no longer, in milliseconds. */
const READY_MAX_MS = 120_000;

/** Starts `polder dev` on the shop and waits until it is ready. */
export async function startDev({ directory, signal }: Shop): Promise<DevProcess> {
  signal.throwIfAborted();
  const startMs = performance.now();
  const child = spawnPolder(["dev", "--port", "0", "--gateway-port", "0", "--json"], directory);
  const url = await urlOf(child);
  for (let ready = false; !ready; ) {
    if (performance.now() - startMs > READY_MAX_MS) throw new Error("The shop did not become ready");
    ready = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
  const readyMs = performance.now() - startMs;
  const data = await dataDirectory(directory);
  const postmaster = Number((await readFile(join(data, "postmaster.pid"), "utf8")).split("\n", 1)[0]);
  const postgres = (await readFile(join(data, "PG_VERSION"), "utf8")).trim();
  return {
    pid: child.pid ?? 0,
    postmaster,
    postgres,
    readyMs,
    stop: async () => {
      const ended = once(child, "exit");
      child.kill("SIGINT");
      await ended;
    },
  };
}

/** Runs a command to its end and gives the milliseconds that it took. */
export async function timeOf(args: readonly string[]): Promise<number> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [...args], { stdio: "ignore" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`node ${args.join(" ")} ended with ${code}`);
  return performance.now() - startMs;
}

/** The arguments of Node for a command of Polder. */
export function polderArguments(args: readonly string[]): readonly string[] {
  return ["--conditions=source", "--disable-warning=ExperimentalWarning", command, ...args];
}

function spawnPolder(args: readonly string[], cwd: string): ChildProcess {
  return spawn(process.execPath, polderArguments(args), { cwd, stdio: ["ignore", "pipe", "inherit"] });
}

async function urlOf(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    const found = /"url":"([^"]+)"/.exec(text)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`polder dev ended before it was ready, and said: ${text}`);
}

/** As root the data lies elsewhere, and the folder says where. */
async function dataDirectory(directory: string): Promise<string> {
  const polder = join(directory, ".polder");
  const place = await readFile(join(polder, "postgres.location"), "utf8").catch(() => polder);
  return join(place, "postgres");
}
