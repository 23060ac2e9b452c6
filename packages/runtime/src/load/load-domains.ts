import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { describeProblems, type Implementation, isPolderError, type Problem } from "@polder/model";
import { type Migration, readMigrations } from "@polder/postgres";
import { runtimeErrors } from "../errors.ts";

/** A domain as it was found on disk. */
export interface LoadedDomain {
  readonly name: string;
  readonly folder: string;
  readonly implementation: Implementation;
  readonly migrations: readonly Migration[];
}

/**
 * Loads domains from their folders: `index.ts` with the implementation, `migrations/` with its SQL.
 *
 * @throws `DOMAINS_INVALID` with the mistakes of all of them at once.
 */
export async function loadDomains(directory: string, folders: readonly string[]): Promise<readonly LoadedDomain[]> {
  const problems: Problem[] = [];
  const loaded: LoadedDomain[] = [];
  for (const folder of folders) {
    const path = resolve(directory, folder);
    try {
      const domain = await loadDomain(path);
      const other = loaded.find(({ name }) => name === domain.name);
      if (other === undefined) loaded.push(domain);
      else problems.push({ place: folder, problem: `declares the domain "${domain.name}", and so does ${other.folder}` });
    } catch (error) {
      problems.push({ place: folder, problem: reasonOf(error) });
    }
  }
  problems.push(...needProblems(loaded));
  if (problems.length > 0) {
    throw runtimeErrors.DOMAINS_INVALID(`These domains have mistakes; nothing was started:\n${describeProblems(problems)}`, { problems });
  }
  return loaded;
}

/** Loads one domain from its folder; `index` may name another URL of its entry, such as one with a query that defeats the module cache. */
export async function loadDomain(folder: string, index: URL = entryOf(folder)): Promise<LoadedDomain> {
  const module = (await import(index.href)) as { readonly default?: Partial<Implementation> };
  const implementation = module.default;
  if (implementation?.kind !== "implementation" || implementation.domain === undefined) {
    throw new Error(`${index.pathname} exports no implementation; write export default implement(domain, { … })`);
  }
  return {
    name: implementation.domain.name,
    folder,
    implementation: implementation as Implementation,
    migrations: await readMigrations(join(folder, "migrations")),
  };
}

function entryOf(folder: string): URL {
  const found = ["index.ts", "index.mts", "index.js", "index.mjs"].map((name) => join(folder, name)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`there is no index.ts in ${folder}`);
  return pathToFileURL(found);
}

/** Contracts that a domain needs of a domain that is here, which does not publish them (any more). */
function needProblems(loaded: readonly LoadedDomain[]): readonly Problem[] {
  const byName = new Map(loaded.map((domain) => [domain.name, domain.implementation.domain]));
  return loaded.flatMap(({ name, implementation }) =>
    implementation.domain.needs.flatMap(({ contract, version }) => {
      const publisher = byName.get(contract.name.split(".", 1)[0] ?? "");
      if (publisher === undefined) return [];
      const published = publisher.publishes.find((other) => other.name === contract.name);
      if (published === undefined) return [{ place: name, problem: `needs "${contract.name}", which "${publisher.name}" does not publish; add it to "publishes" there` }];
      if (version in published.versions) return [];
      return [{ place: name, problem: `needs "${contract.name}" at ${version}, which "${publisher.name}" does not publish` }];
    }),
  );
}

function reasonOf(error: unknown): string {
  if (isPolderError(error)) return error.message.replaceAll("\n", "\n    ");
  return error instanceof Error ? error.message : String(error);
}
