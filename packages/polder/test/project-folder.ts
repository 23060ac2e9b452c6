import { chmod, cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A copy of a project in a folder of its own. */
export interface ProjectFolder extends AsyncDisposable {
  readonly path: string;
  /** Writes a file of it anew. */
  readonly write: (file: string, text: string) => Promise<void>;
  /** Replaces texts in a file of it, and writes it once; fails where a text is not there. */
  readonly edit: (file: string, ...changes: readonly (readonly [before: string, after: string])[]) => Promise<void>;
}

const packages = join(import.meta.dirname, "../../../node_modules");

/** Copies the guestbook. */
export function copyGuestbook(): Promise<ProjectFolder> {
  return copyProject("guestbook");
}

/** Copies a project of these tests; its imports lead to the packages of this workspace. It is removed when it is disposed. */
export async function copyProject(name: "guestbook" | "storefront"): Promise<ProjectFolder> {
  const path = await mkdtemp(join(tmpdir(), `polder-${name}-`));
  // As root the embedded server is another user's, whose data is in the project where that user can get there.
  await chmod(path, 0o755);
  await cp(join(import.meta.dirname, name), path, { recursive: true });
  await symlink(packages, join(path, "node_modules"));
  const write = (file: string, text: string): Promise<void> => writeFile(join(path, file), text);
  return {
    path,
    write,
    edit: async (file, ...changes) => {
      let text = await readFile(join(path, file), "utf8");
      for (const [before, after] of changes) {
        if (!text.includes(before)) throw new Error(`${file} does not say: ${before}`);
        text = text.replace(before, () => after);
      }
      await write(file, text);
    },
    [Symbol.asyncDispose]: async () => {
      const place = await readFile(join(path, ".polder/postgres.location"), "utf8").catch(() => undefined);
      if (place !== undefined) await rm(place, { recursive: true, force: true, maxRetries: 5 });
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
