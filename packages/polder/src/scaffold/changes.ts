import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { commandErrors } from "../errors.ts";

/** What a scaffold does to a project: files that it makes, and places in files that are there. */
export interface Changes {
  /** Text by path. */
  readonly make: ReadonlyMap<string, string>;
  /** The whole new text by path, of files into which something was put. */
  readonly change: ReadonlyMap<string, string>;
  /** What could not be put into a file: for a person to do. */
  readonly byHand: readonly string[];
  /** What to do now. */
  readonly next: readonly string[];
}

/** What was done, for people and for programs; paths relative to the working folder. */
export interface Done {
  readonly made: readonly string[];
  readonly changed: readonly string[];
  readonly byHand: readonly string[];
  readonly next: readonly string[];
}

/**
 * Carries out changes. A file that is there is never written over: when one is in the way, nothing is done.
 *
 * @throws `USAGE` with every file that is in the way.
 */
export async function carryOut({ make, change, byHand, next }: Changes, cwd: string): Promise<Done> {
  const there = [...make.keys()].filter((path) => existsSync(path));
  if (there.length > 0) {
    const listed = there.map((path) => `  - ${shown(path, cwd)}`).join("\n");
    throw commandErrors.USAGE(
      `Nothing was made: there is something already, and Polder writes over no file:\n${listed}\nChoose another name, or move it away.`,
      { argument: there.map((path) => shown(path, cwd)).join(", ") },
    );
  }
  for (const [path, text] of make) {
    await mkdir(dirname(path), { recursive: true });
    // Fails when it has come about meanwhile.
    await writeFile(path, text, { flag: "wx" });
  }
  for (const [path, text] of change) await writeFile(path, text);
  return {
    made: [...make.keys()].map((path) => shown(path, cwd)),
    changed: [...change.keys()].map((path) => shown(path, cwd)),
    byHand,
    next,
  };
}

/** What was done, as text. */
export function describeDone({ made, changed, byHand, next }: Done): string {
  const part = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : [`${title}\n${lines.map((line) => `  ${line.replaceAll("\n", "\n  ")}`).join("\n")}`];
  return [
    ...part("Made", made),
    ...part("Changed", changed),
    ...part("To do by hand", byHand),
    ...part("Next", next),
  ].join("\n\n");
}

function shown(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short.startsWith("..") ? path : short || join(".", path);
}
