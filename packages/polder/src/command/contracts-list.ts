import { compareVersions, deprecationOf, livingMajors, majorOf, sortedVersions } from "@polder/model";
import { retirementsOf } from "@polder/registry";
import type { LoadedDomain } from "@polder/runtime";
import { type DomainContracts, domainContracts } from "../contracts/domain-contracts.ts";
import { majorUse, recently } from "../contracts/major-use.ts";
import { openCommandProject, provisionedDatabase } from "./command-project.ts";
import { table } from "./output.ts";
import type { Work } from "./work.ts";

/** What `polder contracts list` is told. */
export interface ListContractsOptions {
  readonly domain?: readonly string[];
  readonly use?: boolean;
  readonly since?: Date;
}

/** `polder contracts list`: every major of every contract; with `use`, who was seen to use it. */
export const listContractsWork =
  ({ domain: names, use: withUse = false, since = recently() }: ListContractsOptions): Work =>
  async (input) => {
    await using project = await openCommandProject(input);
    const all = await domainContracts(project, { names });
    const listed = all.flatMap((one) => majorsOf(one, project.domains));
    if (!withUse) return { data: listed.map(plain), text: told(listed) };
    const database = await provisionedDatabase(project);
    const data = [];
    for (const one of listed) {
      const { contract, major, domain } = one;
      const versions = one.versions.map(({ version }) => version);
      const { users } = await majorUse(
        { contract, major, domain, versions },
        { domains: project.domains, database, since },
      );
      const use = users.flatMap(({ consumer, seen }) => (seen === undefined ? [] : [{ consumer, ...seen }]));
      const retired = await retirementsOf(database.adminOf(domain.name), contract.name);
      const retirement = retired.find((other) => other.major === major);
      data.push({ ...one, use, ...(retirement === undefined ? {} : { retirement }) });
    }
    return { data: data.map(plain), text: told(data) };
  };

type Listed = ReturnType<typeof majorsOf>[number] & {
  readonly use?: readonly { readonly consumer: string; readonly environment: string; readonly seenAt: Date }[];
};

/** Every major that is declared, was written down, or is known to be over, from the oldest. */
function majorsOf({ domain, frozen }: Pick<DomainContracts, "domain" | "frozen">, all: readonly LoadedDomain[]) {
  return domain.implementation.domain.publishes.flatMap((contract) => {
    const declared = sortedVersions(contract.versions);
    const written = frozen.filter(({ name }) => name === contract.name).map(({ version }) => version);
    const known = [...new Set([...declared, ...written])].sort(compareVersions);
    const newest = livingMajors(contract.versions).at(-1)?.major;
    const majors = [...new Set([...Object.keys(contract.deprecated).map(Number), ...known.map(majorOf)])];
    return majors
      .sort((a, b) => a - b)
      .map((major) => {
        const versions = known
          .filter((version) => majorOf(version) === major)
          .map((version) => ({ version, declared: declared.includes(version), frozen: written.includes(version) }));
        const isServed = versions.some((one) => one.declared);
        const deprecation = deprecationOf(contract, major);
        const living = deprecation === undefined ? "living" : "deprecated";
        const state = !isServed ? "retired" : major === newest ? "newest" : living;
        const consumers = all.flatMap(({ name, implementation }) =>
          implementation.domain.needs
            .filter((need) => need.contract.name === contract.name && majorOf(need.version) === major)
            .map(({ version }) => ({ domain: name, version })),
        );
        return {
          domain,
          contract,
          major,
          state,
          versions,
          consumers,
          ...(deprecation === undefined ? {} : { deprecated: deprecation }),
        };
      });
  });
}

/** As a program reads it: names instead of what is behind them. */
function plain({ domain, contract, ...rest }: Listed) {
  return { contract: contract.name, kind: contract.kind, domain: domain.name, ...rest };
}

function told(listed: readonly Listed[]): string {
  const withUse = listed.some(({ use }) => use !== undefined);
  const rows = listed.map(({ contract, major, versions, state, deprecated, consumers, use = [] }) => [
    `${contract.name}@${major}`,
    versions.map(({ version, frozen }) => `${version}${frozen ? "" : " (not written down)"}`).join(", ") || "-",
    state === "deprecated" ? `deprecated since ${deprecated?.since}${until(deprecated?.sunset)}` : state,
    consumers.map(({ domain, version }) => `${domain}@${version}`).join(", ") || "-",
    ...(withUse ? [usersIn(use) || "nobody"] : []),
  ]);
  return table(["contract", "versions", "state", "needed by", ...(withUse ? ["used by"] : [])], rows);
}

/** Each once in each environment, at however many versions it was seen. */
function usersIn(use: NonNullable<Listed["use"]>): string {
  return [...new Set(use.map(({ consumer, environment }) => `${consumer} (${environment})`))].join(", ");
}

function until(sunset: string | undefined): string {
  return sunset === undefined ? "" : `, until ${sunset}`;
}
