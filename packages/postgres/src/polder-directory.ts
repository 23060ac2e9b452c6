import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Makes a project's `.polder` folder where it is missing: closed to others (mode 0700), and with a `.gitignore` of its
 * own, since what is in it, secrets above all, belongs to this machine alone. One that is there stays as it is.
 */
export function makePolderDirectory(directory: string): void {
  if (existsSync(directory)) return;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, ".gitignore"), "# Secrets and data of this machine.\n*\n");
}
