import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { acquireLockSync } from "./embedded/lock-file.ts";
import { makePolderDirectory } from "./polder-directory.ts";

/** Who may do what with a file that is made. */
export interface SharedFileOptions {
  /** Mode of the file, such as 0o600. */
  readonly mode: number;
}

/**
 * Changes a file that several processes of this machine use at once: under a lock, so that none undoes what another has
 * done. `change` reads the file, and gives its new text or nothing to leave it. Whoever reads meanwhile sees the old
 * file or the new one, also after a power cut. Its folder is made as
 * `.polder` is where there is none.
 *
 * @throws `LOCK_HELD` after 10 seconds, and the file system's own errors.
 */
export function changeSharedFile(path: string, { mode }: SharedFileOptions, change: () => string | undefined): void {
  makePolderDirectory(dirname(path));
  using _lock = acquireLockSync(`${path}.lock`, { timeoutMs: 10_000 });
  const text = change();
  if (text !== undefined) replaceFile(path, text, mode);
}

function replaceFile(path: string, text: string, mode: number): void {
  const draft = `${path}.${randomUUID()}`;
  try {
    const file = openSync(draft, "wx", mode);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
