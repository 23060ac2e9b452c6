import { join, relative } from "node:path";
import { domainOf, type Team } from "@polder/model";
import type { LoadedDomain } from "@polder/runtime";
import { frozenFolder } from "../contracts/frozen-versions.ts";
import { repositoryRoot } from "../contracts/git.ts";
import { declarationOf } from "../contracts/place-finding.ts";
import { openCommandProject } from "./command-project.ts";
import { table } from "./output.ts";
import type { Work } from "./work.ts";

/** What `polder owners` is told. */
export interface OwnersOptions {
  readonly codeowners?: boolean;
}

/** `polder owners`: who owns which domain, and who is asked about its contracts. */
export const ownersWork =
  ({ codeowners = false }: OwnersOptions): Work =>
  async (input) => {
    await using project = await openCommandProject(input);
    const data = project.domains.map((domain) => owned(domain, project.domains));
    if (codeowners) return { data, text: codeownersOf(data, (await repositoryRoot(input.cwd)) ?? input.cwd) };
    const rows = data.map(({ domain, owner, consumers }) => [
      domain,
      owner.name,
      owner.contact,
      consumers.map(({ name }) => name).join(", ") || "-",
    ]);
    return { data, text: table(["domain", "owner", "contact", "asked about contracts"], rows) };
  };

interface Owned {
  readonly domain: string;
  readonly folder: string;
  /** The file that declares what it publishes. */
  readonly declaration: string;
  readonly owner: Team;
  /** The owners of the domains that use its contracts, without its own. */
  readonly consumers: readonly Team[];
  /** The same for each contract. */
  readonly contracts: readonly { readonly name: string; readonly consumers: readonly Team[] }[];
}

function owned(one: LoadedDomain, all: readonly LoadedDomain[]): Owned {
  const { name: domain, folder, implementation } = one;
  const { owner, publishes } = implementation.domain;
  const usersOf = (isMeant: (contract: string) => boolean): readonly Team[] => {
    const users = all
      .filter((other) => other.implementation.domain.needs.some(({ contract }) => isMeant(contract.name)))
      .map((other) => other.implementation.domain.owner)
      .filter((team) => team.name !== owner.name);
    return [...new Map(users.map((team) => [team.name, team])).values()];
  };
  return {
    domain,
    folder,
    declaration: declarationOf(one),
    owner,
    consumers: usersOf((contract) => domainOf(contract) === domain),
    contracts: publishes.map(({ name }) => ({ name, consumers: usersOf((contract) => contract === name) })),
  };
}

/**
 * The last line that fits counts, so what is published stands below the domain's own folder. A line that names nobody
 * would take a path from those whom others have named for it, and is left out.
 */
function codeownersOf(all: readonly Owned[], root: string): string {
  const handles = (teams: readonly Team[]): readonly string[] => [
    ...new Set(teams.flatMap((team) => team.codeOwners ?? [])),
  ];
  const nameless = [...new Set(all.flatMap(({ owner, consumers }) => [owner, ...consumers]))].filter(
    (team) => handles([team]).length === 0,
  );
  const blocks = all.flatMap(({ domain, folder, declaration, owner, consumers, contracts }) => {
    const asked = handles([owner, ...consumers]);
    const published = frozenFolder({ folder });
    const lines = [
      [folder === root ? "*" : `${patternOf(root, folder)}/`, handles([owner])],
      [patternOf(root, declaration), asked],
      [`${patternOf(root, published)}/`, asked],
      ...contracts.map((one): readonly [string, readonly string[]] => [
        `${patternOf(root, join(published, one.name))}/`,
        handles([owner, ...one.consumers]),
      ]),
    ] as const;
    const named = lines.filter(([, owners]) => owners.length > 0);
    if (named.length === 0) return [];
    const head = `# ${domain}: ${owner.name} (${owner.contact})`;
    return ["", head, ...named.map(([path, owners]) => `${path} ${owners.join(" ")}`)];
  });
  const missing = [...new Set(nameless.map(({ name }) => name))].map(
    (name) => `# ${name} has no codeOwners in its declaration, so nobody is asked for it.`,
  );
  return ["# Written by polder owners --codeowners; do not edit.", ...missing, ...blocks].join("\n");
}

/** A path from the root of the repository, in the language of such files: a blank would end it. */
function patternOf(root: string, path: string): string {
  return `/${relative(root, path).replaceAll("\\", "/").replaceAll(" ", "\\ ")}`;
}
