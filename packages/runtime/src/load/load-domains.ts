import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { describeProblems, domainOf, type Implementation, type Problem } from "@polder/model";
import { type Migration, readMigrations } from "@polder/postgres";
import { runtimeErrors } from "../errors.ts";
import { describeLoadError } from "./describe-load-error.ts";
import { needCycles } from "./need-cycles.ts";

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
 * @throws `DOMAINS_INVALID` with the mistakes of all of them at once, each with the folder of its domain.
 */
export async function loadDomains(directory: string, folders: readonly string[]): Promise<readonly LoadedDomain[]> {
  const problems: Problem[] = [];
  const found: FoundDomain[] = [];
  for (const place of folders) {
    const domain = await loadDomain(resolve(directory, place)).catch(describeLoadError);
    const other = found.find(({ name }) => typeof domain !== "string" && name === domain.name);
    if (typeof domain === "string") problems.push({ place, problem: domain });
    else if (other === undefined) found.push({ ...domain, place });
    else problems.push({ place, problem: `declares the domain "${domain.name}", and so does ${other.place}` });
  }
  problems.push(...needProblems(found, { all: found.length === folders.length }), ...cycleProblems(found));
  if (problems.length > 0) {
    throw runtimeErrors.DOMAINS_INVALID(
      `These domains have mistakes; nothing of them was started:\n${describeProblems(problems)}`,
      { problems },
    );
  }
  return found.map(({ place: _, ...domain }) => domain);
}

interface FoundDomain extends LoadedDomain {
  /** The folder as the configuration names it. */
  readonly place: string;
}

/** The domain of a folder, or what is wrong with it. */
async function loadDomain(folder: string): Promise<LoadedDomain | string> {
  const entry = ["index.ts", "index.mts", "index.js", "index.mjs"]
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  if (entry === undefined) return `there is no index.ts in ${folder}`;
  const module = (await import(pathToFileURL(entry).href)) as { readonly default?: Partial<Implementation> | null };
  const implementation = module.default;
  if (implementation?.kind !== "implementation" || implementation.domain === undefined) {
    const instead = implementation === undefined ? "has no default export" : "exports something else by default";
    return `${entry} ${instead}; write export default implement(domain, { … })`;
  }
  return {
    name: implementation.domain.name,
    folder,
    implementation: implementation as Implementation,
    migrations: await readMigrations(join(folder, "migrations")),
  };
}

/**
 * Contracts that a domain needs and nobody publishes. An API may be served by a process far away, an event only by a
 * domain of the same database; but none is missed while it is not known what all folders hold.
 */
function needProblems(found: readonly FoundDomain[], { all }: { readonly all: boolean }): readonly Problem[] {
  const byName = new Map(found.map((domain) => [domain.name, domain.implementation.domain]));
  return found.flatMap(({ place, implementation }) =>
    implementation.domain.needs.flatMap(({ contract, version }) => {
      const owner = domainOf(contract.name);
      const publisher = byName.get(owner);
      if (publisher === undefined) {
        const problem = `needs the event "${contract.name}", but this project has no domain "${owner}"; add its folder to "domains" of the configuration`;
        return all && contract.kind === "event" ? [{ place, problem }] : [];
      }
      const published = publisher.publishes.find((other) => other.name === contract.name);
      if (published === undefined) {
        const problem = `needs "${contract.name}", which "${owner}" does not publish; add it to "publishes" there`;
        return [{ place, problem }];
      }
      if (version in published.versions) return [];
      return [{ place, problem: `needs "${contract.name}" at ${version}, which "${owner}" does not publish` }];
    }),
  );
}

/**
 * Domains that cannot work without each other: none could start first, a fault in one is a fault in all, and a call may
 * wait for itself. Events may go in circles, since nobody waits for them.
 */
function cycleProblems(found: readonly FoundDomain[]): readonly Problem[] {
  const calls = found.map(({ name, implementation }): [string, readonly string[]] => [
    name,
    implementation.domain.needs.flatMap(({ contract, essential }) =>
      contract.kind === "api" && essential ? [domainOf(contract.name)] : [],
    ),
  ]);
  return needCycles(new Map(calls)).map((cycle) => ({
    place: found.find(({ name }) => name === cycle[0])?.place ?? "",
    problem: `is in a circle of calls: ${cycle.join(" calls ")}. Let one of them follow the events of the other, or say essential: false for a need without which its domain works`,
  }));
}
