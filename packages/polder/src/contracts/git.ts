import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { commandErrors } from "../errors.ts";

const run = promisify(execFile);

/** Bytes that git may say at most: 64 MiB. */
const OUTPUT_BYTES_MAX = 67_108_864;

/** The files below a folder as a commit of its repository has them. */
export interface CommittedFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly text: string;
}

/**
 * Reads the files below a folder as they are where the branch of the working tree has left another one: what came to
 * that branch afterwards is not this tree's change.
 *
 * @throws `BASE_UNKNOWN` where there is no git, no repository, or no such branch.
 */
export async function readCommitted(folder: string, base: string): Promise<readonly CommittedFile[]> {
  const git = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run("git", args, { cwd: folder, maxBuffer: OUTPUT_BYTES_MAX });
    return stdout;
  };
  try {
    const commit = (await git("rev-parse", "--verify", "--quiet", "--end-of-options", `${base}^{commit}`)).trim();
    const ancestor = await git("merge-base", commit, "HEAD").then(
      (text) => text.trim(),
      // Without a common past, as in a shallow clone, the branch itself is the best that is known.
      () => commit,
    );
    const names = (await git("ls-tree", "-r", "-z", "--name-only", ancestor, "--", ".")).split("\0");
    const paths = names.filter((path) => path !== "");
    return await Promise.all(paths.map(async (path) => ({ path, text: await git("show", `${ancestor}:./${path}`) })));
  } catch (cause) {
    throw commandErrors.BASE_UNKNOWN(
      `What "${base}" has below ${folder} could not be read from git: ${reasonOf(cause)}. Name a branch, tag or commit that is there (in CI: fetch it, with its history), or leave --base out.`,
      { base, folder },
      { cause },
    );
  }
}

function reasonOf(cause: unknown): string {
  const { stderr = "", code, message = "" } = Object(cause) as { stderr?: string; code?: unknown; message?: string };
  if (code === "ENOENT") return "git is not there";
  const lines = stderr.trim().split("\n");
  // What follows explains it at most.
  return (
    (lines.find((line) => line.startsWith("fatal: ")) ?? lines.at(-1)) ||
    (code === 1 ? "there is no such commit" : message)
  );
}
