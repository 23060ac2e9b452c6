import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { type ContractDocument, readFrozen } from "@polder/contracts";
import type { LoadedDomain } from "@polder/runtime";

/** The folder of a domain's frozen contracts. */
export function frozenFolder({ folder }: Pick<LoadedDomain, "folder">): string {
  return join(folder, "contracts");
}

/** Every version that a domain has written down. Throws `FROZEN_UNREADABLE`, also for what stands at a wrong place. */
export async function readFrozenVersions(domain: LoadedDomain): Promise<readonly ContractDocument[]> {
  const folder = frozenFolder(domain);
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.name.endsWith(".json") && !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return await Promise.all(
    paths.map(async (path) =>
      readFrozen(await readFile(path, "utf8"), path, relative(folder, path).replaceAll(sep, "/")),
    ),
  );
}
