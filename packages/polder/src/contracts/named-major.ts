import { type Contract, deprecationOf, domainOf, livingMajors, majorOf } from "@polder/model";
import type { LoadedDomain, Project } from "@polder/runtime";
import { commandErrors } from "../errors.ts";
import { readFrozenVersions } from "./frozen-versions.ts";

/** A major version of a contract of the project, as an argument names it. */
export interface NamedMajor {
  readonly contract: Contract;
  readonly major: number;
  /** Who publishes it. */
  readonly domain: LoadedDomain;
  /** Its versions that are declared; none where they have been taken out. */
  readonly versions: readonly string[];
}

/**
 * Finds the major version that an argument such as `customer@1` means. The newest is none that could be retired: there
 * is nothing that its users could move to.
 *
 * @throws `USAGE`, `FROZEN_UNREADABLE`.
 */
export async function namedMajor({ domains }: Project, argument: string): Promise<NamedMajor> {
  const refused = (problem: string): Error => commandErrors.USAGE(`"${argument}" ${problem}.`, { argument });
  const [, name = "", digits = ""] = /^([^@]+)@(0|[1-9]\d{0,2})$/.exec(argument) ?? [];
  if (name === "") throw refused("does not name a major version: it is contract@major, such as customer@1");
  const domain = domains.find((one) => one.name === domainOf(name));
  const contract = domain?.implementation.domain.publishes.find((one) => one.name === name);
  if (domain === undefined || contract === undefined) throw refused("names no contract of this project");
  const major = Number(digits);
  const living = livingMajors(contract.versions);
  const newest = living.at(-1)?.major ?? 0;
  if (major >= newest)
    throw refused(
      `${major === newest ? "is the newest major" : `is newer than major ${newest}, the newest`}: a major is retired when there is a newer one to move to`,
    );
  const versions = Object.keys(contract.versions).filter((version) => majorOf(version) === major);
  const isKnown =
    versions.length > 0 ||
    deprecationOf(contract, major) !== undefined ||
    (await readFrozenVersions(domain)).some((one) => one.name === name && majorOf(one.version) === major);
  if (!isKnown) throw refused(`names no major version; declared are ${living.map((one) => one.major).join(", ")}`);
  return { contract, major, domain, versions };
}
