import { relative } from "node:path";
import { domainOf, type Team } from "@polder/model";
import type { LoadedDomain } from "@polder/runtime";
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
    if (codeowners) return { data, text: codeownersOf(data, input.cwd) };
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
  readonly owner: Team;
  /** The owners of the domains that use its contracts, without its own. */
  readonly consumers: readonly Team[];
}

function owned({ name, folder, implementation }: LoadedDomain, all: readonly LoadedDomain[]): Owned {
  const { owner } = implementation.domain;
  const users = all
    .filter((other) => other.implementation.domain.needs.some(({ contract }) => domainOf(contract.name) === name))
    .map((other) => other.implementation.domain.owner)
    .filter((team) => team.name !== owner.name);
  const consumers = [...new Map(users.map((team) => [team.name, team])).values()];
  return { domain: name, folder, owner, consumers };
}

/** The last line that fits counts, so what is published stands below the domain's own folder. */
function codeownersOf(all: readonly Owned[], cwd: string): string {
  const handles = (teams: readonly Team[]): string => teams.flatMap((team) => team.codeOwners ?? []).join(" ");
  const nameless = [...new Set(all.map(({ owner }) => owner).filter((team) => team.codeOwners === undefined))];
  const blocks = all.flatMap(({ domain, folder, owner, consumers }) => {
    const path = relative(cwd, folder).replaceAll("\\", "/");
    const asked = handles([owner, ...consumers]);
    return [
      "",
      `# ${domain}: ${owner.name} (${owner.contact})`,
      `/${path}/ ${handles([owner])}`.trimEnd(),
      `/${path}/contract.ts ${asked}`.trimEnd(),
      `/${path}/contracts/ ${asked}`.trimEnd(),
    ];
  });
  const missing = nameless.map(
    ({ name }) => `# ${name} has no codeOwners in its declaration, so nobody is asked for it.`,
  );
  return ["# Written by polder owners --codeowners; do not edit.", ...missing, ...blocks].join("\n");
}
