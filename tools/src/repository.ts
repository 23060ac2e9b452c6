import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { SourceTree } from "./source-tree.ts";

/** The root of this repository. */
export const repositoryRoot: string = join(import.meta.dirname, "../..");

const listBytesMax = 16 * 1024 * 1024;

/** Reads every text file that git tracks or would track; files that hold a zero byte are left out as binary. */
export async function readRepository(root: string = repositoryRoot): Promise<SourceTree> {
  const listing = await promisify(execFile)("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    maxBuffer: listBytesMax,
  });
  const paths = [...new Set(listing.stdout.split("\0").filter((path) => path !== ""))].sort();
  const files = await Promise.all(paths.map(async (path) => [path, await readText(join(root, path))] as const));
  return new Map(files.flatMap(([path, text]) => (text === undefined ? [] : [[path, text] as const])));
}

async function readText(path: string): Promise<string | undefined> {
  try {
    const text = await readFile(path, "utf8");
    return text.includes("\0") ? undefined : text;
  } catch (error) {
    // Removed but still in git's index, or a link to a folder: no text either way.
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "EISDIR"))
      return undefined;
    throw error;
  }
}
