import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A copy of the shop that teams change and release from, while processes of the release before still run. */
export interface ReleaseFolder extends AsyncDisposable {
  readonly path: string;
  /** The configuration's file. */
  readonly config: string;
  /** Replaces pieces of a file of the domains, each of which must be there. */
  readonly edit: (file: string, ...changes: readonly Change[]) => Promise<void>;
}

/** A piece of a file, and what comes instead. */
export type Change = readonly [before: string, after: string];

const shop = new URL("..", import.meta.url).pathname;
const packages = new URL("../../../node_modules", import.meta.url).pathname;

/** Copies the shop's domains and configuration into a folder of their own; it is removed when it is disposed. */
export async function releaseFolder(): Promise<ReleaseFolder> {
  const path = await mkdtemp(join(tmpdir(), "polder-release-"));
  for (const part of ["domains", "teams.ts", "polder.config.ts", "package.json"])
    await cp(join(shop, part), join(path, part), { recursive: true });
  await symlink(packages, join(path, "node_modules"));
  return {
    path,
    config: join(path, "polder.config.ts"),
    edit: async (file, ...changes) => {
      const place = join(path, "domains", file);
      let text = await readFile(place, "utf8");
      for (const [before, after] of changes) {
        if (!text.includes(before)) throw new Error(`${file} does not say: ${before}`);
        text = text.replace(before, () => after);
      }
      await writeFile(place, text);
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}
