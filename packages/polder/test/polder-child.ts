import { statSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { until } from "@polder/postgres/testing";
import { polderHere } from "./polder-here.ts";
import type { Ended } from "./polder-process.ts";
import { type Answered, type Asked, endMark } from "./shared-polder.ts";

// Runs commands one after the other as they come over the channel, each as in a process of its own: in its folder, with
// its environment, on the project as it is now; and nothing that it leaves behind may keep the process running.

const workspace = new URL("../../../", import.meta.url).href;
const isOfProject = (url: string): boolean => url.startsWith("file:") && !url.startsWith(workspace);

/** How long sockets and timers that a command has let go of take at most, in milliseconds. */
const CLOSING_MS = 3_000;

/** Files of projects, as they were when they were loaded. */
const loaded = new Map<string, string>();
/** Part of the URLs of their modules: what has another one is loaded anew. */
let generation = 0;
/** Once something is missing when it is wanted, it is missed by that module for ever. */
let hasMissed = false;

registerHooks({
  resolve: (specifier, context, next) => {
    try {
      const resolved = next(specifier, context);
      return isOfProject(resolved.url) ? { ...resolved, url: `${resolved.url}?generation=${generation}` } : resolved;
    } catch (error) {
      hasMissed ||= isOfProject(context.parentURL ?? "");
      throw error;
    }
  },
  load: (url, context, next) => {
    if (isOfProject(url)) loaded.set(fileURLToPath(url), stateOf(fileURLToPath(url)));
    return next(url, context);
  },
});

// Whatever a command has left here, nobody asks any more.
process.once("disconnect", () => process.exit());

/** Opened here: at their first use they would seem to be what a command has left. */
const streams = [process.stdout, process.stderr];
/** What keeps this process running between commands. */
const channel = resources();

let last: Promise<void> = Promise.resolve();
process.on("message", ({ id, ...asked }: Asked) => {
  const answer = async (): Promise<Answered> => ({ id, ended: await run(asked) });
  last = last
    .then(answer)
    .catch((error: unknown): Answered => ({ id, failed: String(error) }))
    .then((answered) => {
      // What comes before it belongs to this command.
      for (const stream of streams) stream.write(endMark);
      process.send?.(answered);
    });
});

async function run({ args, cwd, env }: Omit<Asked, "id">): Promise<Ended> {
  if (hasMissed || [...loaded].some(([file, state]) => stateOf(file) !== state)) renew();
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  const ended = await polderHere(args, { cwd, env });
  await until(() => resources() === channel, "all is closed", CLOSING_MS).catch(() => {
    throw new Error(`polder ${args.join(" ")} would not end: beside ${channel} it holds ${resources()}`);
  });
  return ended;
}

function renew(): void {
  generation += 1;
  hasMissed = false;
  // A file without any import or export is CommonJS to Node, which knows it by its name alone.
  const { cache } = createRequire(import.meta.url);
  for (const file of loaded.keys()) delete cache[file];
  loaded.clear();
}

/** What keeps a process running. */
function resources(): string {
  return process.getActiveResourcesInfo().toSorted().join(", ");
}

function stateOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? "gone" : `${found.ino} ${found.size} ${found.mtimeNs}`;
}
