import { existsSync } from "node:fs";
import { sep } from "node:path";
import { type ContractDocument, frozenPath, readFrozen } from "@polder/contracts";
import { domainOf } from "@polder/model";
import type { LoadedDomain, Project } from "@polder/runtime";
import { frozenFolder } from "./frozen-versions.ts";
import { type CommittedFile, readCommitted } from "./git.ts";

/** A version as the base has it, and where. */
export interface BaseVersion {
  readonly document: ContractDocument;
  /** Absolute. */
  readonly path: string;
}

/** What a project had published where others build on it, such as on the main branch. */
export interface BaseVersions {
  readonly ofDomain: (name: string) => readonly ContractDocument[];
  /** Versions of domains that the project does not have any more. */
  readonly givenUp: readonly BaseVersion[];
}

/** The end of the path of a frozen version. */
const frozen = /(?:^|\/)contracts\/([^/]+\/[^/]+\.json)$/;

/**
 * Reads what the base has of a project: the frozen versions below the folders of its domains, and those below the
 * project's own that are gone from the working tree, because their domain is at another place now, or gone with them.
 *
 * @throws `BASE_UNKNOWN`, `FROZEN_UNREADABLE`.
 */
export async function readBaseVersions(project: Project, base: string): Promise<BaseVersions> {
  const { loaded, domains } = project;
  const outside = domains.map(({ folder }) => folder).filter((folder) => !isBelow(folder, loaded.directory));
  const read = [loaded.directory, ...outside].map((folder) =>
    readCommitted(folder, { base, isWanted: (path) => frozen.test(path) }),
  );
  const versions = (await Promise.all(read)).flat().flatMap((file) => versionIn(file, { base, domains }));
  const known = new Set(domains.map(({ name }) => name));
  return {
    ofDomain: (name) => versions.filter(({ domain }) => domain === name).map(({ document }) => document),
    givenUp: versions.filter(({ domain }) => !known.has(domain)),
  };
}

function versionIn(
  { path, text }: CommittedFile,
  { base, domains }: { readonly base: string; readonly domains: readonly LoadedDomain[] },
): readonly (BaseVersion & { readonly domain: string })[] {
  const owner = domains.find((domain) => isBelow(path, frozenFolder(domain)));
  // What others keep in such a folder is none of the project's.
  if (owner === undefined && existsSync(path)) return [];
  const document = owner === undefined ? readable(text) : readFrozen(text, `${base}:${path}`);
  const [, place] = frozen.exec(path.replaceAll(sep, "/")) ?? [];
  if (document === undefined || place !== frozenPath(document)) return [];
  return [{ document, path, domain: owner?.name ?? domainOf(document.name) }];
}

function readable(text: string): ContractDocument | undefined {
  try {
    return readFrozen(text, "");
  } catch {
    return undefined;
  }
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}${sep}`);
}
