import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ContractDocument, describeContract, readFrozen } from "@polder/contracts";
import { deprecationOf, sortedVersions } from "@polder/model";
import { type LoadedDomain, type Project, selectDomains } from "@polder/runtime";
import { readCommitted } from "./git.ts";

/** What a domain publishes, and what it has published. */
export interface DomainContracts {
  readonly domain: LoadedDomain;
  /** Every declared version, from the oldest. */
  readonly declared: readonly ContractDocument[];
  /** Every version that is written down in `contracts/`. */
  readonly frozen: readonly ContractDocument[];
  /** The same where the working tree has left its base; empty where no base is asked for. */
  readonly base: readonly ContractDocument[];
  /** Has the end of a major been announced? Where it is declared no more, it is retired. */
  readonly isRetired: (contract: string, major: number) => boolean;
}

/** The folder of a domain's frozen contracts. */
export function frozenFolder({ folder }: LoadedDomain): string {
  return join(folder, "contracts");
}

/** Which domains are looked at, and what their frozen versions are compared with. */
export interface DomainContractsOptions {
  /** Default: all of the project. */
  readonly names?: readonly string[] | undefined;
  /** A branch, tag or commit of the repository. */
  readonly base?: string | undefined;
}

/**
 * Reads what the domains of a project publish, and what they have published.
 *
 * @throws `DOMAIN_UNKNOWN`, `FROZEN_UNREADABLE`, `BASE_UNKNOWN`.
 */
export async function domainContracts(
  project: Project,
  { names, base }: DomainContractsOptions,
): Promise<readonly DomainContracts[]> {
  return await Promise.all(selectDomains(project.domains, names).map((domain) => readDomainContracts(domain, base)));
}

async function readDomainContracts(domain: LoadedDomain, base: string | undefined): Promise<DomainContracts> {
  return {
    domain,
    declared: declaredDocuments(domain),
    frozen: await readFrozenVersions(domain),
    base: base === undefined ? [] : await readBase(domain, base),
    isRetired: (name, major) => {
      const contract = domain.implementation.domain.publishes.find((one) => one.name === name);
      return contract !== undefined && deprecationOf(contract, major) !== undefined;
    },
  };
}

/** Every version of every contract that a domain declares. */
export function declaredDocuments({ implementation }: LoadedDomain): readonly ContractDocument[] {
  return implementation.domain.publishes.flatMap((contract) =>
    sortedVersions(contract.versions).map((version) => describeContract(contract, version)),
  );
}

/** Every version that a domain has written down. Throws `FROZEN_UNREADABLE`. */
export async function readFrozenVersions(domain: LoadedDomain): Promise<readonly ContractDocument[]> {
  const folder = frozenFolder(domain);
  if (!existsSync(folder)) return [];
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".json")).sort();
  return await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return readFrozen(await readFile(path, "utf8"), path);
    }),
  );
}

async function readBase(domain: LoadedDomain, base: string): Promise<readonly ContractDocument[]> {
  const files = await readCommitted(domain.folder, base);
  return files
    .filter(({ path }) => path.startsWith("contracts/") && path.endsWith(".json"))
    .map(({ path, text }) => readFrozen(text, `${base}:${path}`));
}
