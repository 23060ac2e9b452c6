import { type ContractDocument, describeContract } from "@polder/contracts";
import { deprecationOf, sortedVersions } from "@polder/model";
import { type LoadedDomain, type Project, selectDomains } from "@polder/runtime";
import type { BaseVersions } from "./base-versions.ts";
import { readFrozenVersions } from "./frozen-versions.ts";

/** What a domain publishes, and what it has published. */
export interface DomainContracts {
  readonly domain: LoadedDomain;
  /** Every declared version, from the oldest. */
  readonly declared: readonly ContractDocument[];
  /** Every version that is written down in `contracts/`. */
  readonly frozen: readonly ContractDocument[];
  /** What was written down where the working tree has left its base; empty where no base is asked for. */
  readonly base: readonly ContractDocument[];
  /** Has the end of a major been announced? Where it is declared no more, it is retired. */
  readonly isRetired: (contract: string, major: number) => boolean;
}

/** Which domains are looked at, and what their frozen versions are compared with. */
export interface DomainContractsOptions {
  /** Default: all of the project. */
  readonly names?: readonly string[] | undefined;
  readonly base?: BaseVersions | undefined;
}

/**
 * Reads what the domains of a project publish, and what they have published.
 *
 * @throws `DOMAIN_UNKNOWN`, `FROZEN_UNREADABLE`.
 */
export async function domainContracts(
  project: Project,
  { names, base }: DomainContractsOptions,
): Promise<readonly DomainContracts[]> {
  return await Promise.all(selectDomains(project.domains, names).map((domain) => readDomainContracts(domain, base)));
}

async function readDomainContracts(domain: LoadedDomain, base: BaseVersions | undefined): Promise<DomainContracts> {
  return {
    domain,
    declared: declaredDocuments(domain),
    frozen: await readFrozenVersions(domain),
    base: base?.ofDomain(domain.name) ?? [],
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
