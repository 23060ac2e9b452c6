import { existsSync, statSync } from "node:fs";
import { registerHooks } from "node:module";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "@polder/postgres/testing";
import { polderHere } from "./polder-here.ts";
import { type Answered, type Asked, endMark } from "./shared-polder.ts";

// Runs commands one after the other as they come over the channel, each as in a process of its own: in its folder, with
// its environment, and nothing that it leaves behind may keep the process running. What is loaded of a project stays
// loaded, so it says when that is not what is on the disk any more.

const workspace = new URL("../../../", import.meta.url).href;
const isOfProject = (url: string): boolean => url.startsWith("file:") && !url.startsWith(workspace);

/** How long sockets and timers that a command has let go of take at most, in milliseconds. */
const CLOSING_MS = 3_000;

/** Files of projects, as they were when they were loaded. */
const loaded = new Map<string, string>();
/** Folders of projects. One that is gone is not asked about any more. */
const projects = new Set<string>();
/** What is not there when it is wanted stays missing. */
let hasMissed = false;

registerHooks({
  resolve: (specifier, context, next) => {
    try {
      return next(specifier, context);
    } catch (error) {
      hasMissed ||= isOfProject(context.parentURL ?? "");
      throw error;
    }
  },
  load: (url, context, next) => {
    if (isOfProject(url)) note(fileURLToPath(url));
    return next(url, context);
  },
});

// Whatever a command has left here, nobody asks any more.
process.once("disconnect", () => process.exit());

/** Opened here: at their first use they would seem to be what a command has left. */
const streams = [process.stdout, process.stderr];

let last: Promise<void> = Promise.resolve();
process.on("message", ({ id, ...asked }: Asked) => {
  const answer = async (): Promise<Answered> => ({ id, ...(await run(asked)) });
  last = last
    .then(answer)
    .catch((error: unknown): Answered => ({ id, failed: String(error) }))
    .then((answered) => {
      // What comes before it belongs to this command.
      for (const stream of streams) stream.write(endMark);
      process.send?.(answered);
    });
});

async function run({ args, cwd, env }: Omit<Asked, "id">): Promise<Omit<Answered, "id">> {
  if (isOutdated()) return { isOutdated: true };
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  const before = resources();
  const ended = await polderHere(args, { cwd, env });
  const isFree = (): boolean => resources() === before;
  await until(isFree, "all is closed", CLOSING_MS).catch(() => {
    throw new Error(`polder ${args.join(" ")} would not end: beside ${before} it holds ${resources()}`);
  });
  return { ended };
}

function note(file: string): void {
  loaded.set(file, stateOf(file));
  if (basename(file) === "polder.config.ts") projects.add(dirname(file));
}

function isOutdated(): boolean {
  for (const project of projects) {
    if (existsSync(project)) continue;
    projects.delete(project);
    for (const file of loaded.keys()) if (file.startsWith(`${project}/`)) loaded.delete(file);
  }
  return hasMissed || [...loaded].some(([file, state]) => stateOf(file) !== state);
}

/** What keeps a process running. */
function resources(): string {
  return process.getActiveResourcesInfo().toSorted().join(", ");
}

function stateOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? "gone" : `${found.ino} ${found.size} ${found.mtimeNs}`;
}
