import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { commandErrors } from "../errors.ts";

const run = promisify(execFile);

/** Bytes that git may say at most: 64 MiB. */
const OUTPUT_BYTES_MAX = 67_108_864;

/** A file as a commit of its repository has it. */
export interface CommittedFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/** What is read of a repository. */
export interface CommittedOptions {
  /** A branch, tag or commit. */
  readonly base: string;
  /** Which files below the folder, by their paths in it, with slashes. */
  readonly isWanted: (path: string) => boolean;
}

/**
 * Reads files below a folder as they are where the branch of the working tree has left another one: what came to that
 * branch afterwards is not this tree's change.
 *
 * @throws `BASE_UNKNOWN` where there is no git, no repository, or no such branch.
 */
export async function readCommitted(
  folder: string,
  { base, isWanted }: CommittedOptions,
): Promise<readonly CommittedFile[]> {
  try {
    const commit = await git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", `${base}^{commit}`);
    // Without a common past, as in a shallow clone, the branch itself is the best that is known.
    const ancestor = await git(folder, "merge-base", commit.trim(), "HEAD").catch(() => commit);
    const listed = await git(folder, "ls-tree", "-r", "-z", ancestor.trim(), "--", ".");
    const blobs = listed
      .split("\0")
      .flatMap(blobIn)
      .filter(({ path }) => isWanted(path));
    const texts = await readBlobs(
      folder,
      blobs.map(({ id }) => id),
    );
    return blobs.map(({ path }, index) => ({ path: resolve(folder, path), text: texts[index] ?? "" }));
  } catch (cause) {
    throw commandErrors.BASE_UNKNOWN(
      `What "${base}" has below ${folder} could not be read from git: ${reasonOf(cause)}. Name a branch, tag or commit that is there (in CI: fetch it, with its history), or leave --base out.`,
      { base, folder },
      { cause },
    );
  }
}

/** The root of the repository that a folder is in; nothing where there is no git, or no repository. */
export async function repositoryRoot(folder: string): Promise<string | undefined> {
  // Relative, so that a folder that is reached through a link is not left.
  const up = await git(folder, "rev-parse", "--show-cdup").catch(() => undefined);
  return up === undefined ? undefined : resolve(folder, up.trim());
}

async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run("git", args, { cwd: folder, maxBuffer: OUTPUT_BYTES_MAX });
  return stdout;
}

/** An entry of `ls-tree`: mode, kind and id, a tab, the path. */
function blobIn(entry: string): readonly { readonly id: string; readonly path: string }[] {
  const [, id, path] = /^\d+ blob (\w+)\t(.+)$/s.exec(entry) ?? [];
  return id === undefined || path === undefined ? [] : [{ id, path }];
}

/** Reads objects in one process: each comes as `<id> blob <bytes>`, a line feed, its bytes and a line feed. */
async function readBlobs(folder: string, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const options = { cwd: folder, maxBuffer: OUTPUT_BYTES_MAX, encoding: "buffer" } as const;
  const running = run("git", ["cat-file", "--batch"], options);
  running.child.stdin?.end(`${ids.join("\n")}\n`);
  const { stdout } = await running;
  let at = 0;
  return ids.map(() => {
    const begin = stdout.indexOf("\n", at) + 1;
    const bytes = Number(stdout.toString("utf8", at, begin).trim().split(" ").at(-1));
    at = begin + bytes + 1;
    return stdout.toString("utf8", begin, begin + bytes);
  });
}

function reasonOf(cause: unknown): string {
  const { stderr = "", code, message = "" } = Object(cause) as { stderr?: string; code?: unknown; message?: string };
  if (code === "ENOENT") return "git is not there";
  const lines = String(stderr).trim().split("\n");
  // What follows explains it at most.
  return (
    (lines.find((line) => line.startsWith("fatal: ")) ?? lines.at(-1)) ||
    (code === 1 ? "there is no such commit" : message)
  );
}
