import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** The files of a store, the oldest first; none where there is no store. */
export async function traceFiles(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names
    .filter((name) => name.endsWith(".ndjson"))
    .sort()
    .map((name) => join(directory, name));
}
