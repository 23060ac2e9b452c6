import type { VersionFinding } from "@polder/contracts";
import { livingMajors, majorOf } from "@polder/model";
import { retirementsOf } from "@polder/registry";
import type { DomainContracts } from "./domain-contracts.ts";
import { keepersOf } from "./keepers.ts";
import { type MajorUse, type MajorUseOptions, majorUse } from "./major-use.ts";

/**
 * The published majors of a domain that are no longer declared and that somebody still uses. A retirement that was
 * recorded counts from its time on, and who was known to use the major when it was forced is let through.
 */
export async function versionsInUse(
  { domain, frozen }: Pick<DomainContracts, "domain" | "frozen">,
  options: Omit<MajorUseOptions, "environment">,
): Promise<readonly VersionFinding[]> {
  const findings: VersionFinding[] = [];
  for (const contract of domain.implementation.domain.publishes) {
    const living = livingMajors(contract.versions).map(({ major }) => major);
    const published = frozen.filter(
      ({ name, version }) => name === contract.name && !living.includes(majorOf(version)),
    );
    const gone = [...new Set(published.map(({ version }) => majorOf(version)))];
    if (gone.length === 0) continue;
    const retirements = await retirementsOf(options.database.adminOf(domain.name), contract.name);
    for (const major of gone) {
      const retired = retirements.find((one) => one.major === major);
      const since = retired !== undefined && retired.at > options.since ? retired.at : options.since;
      const use = await majorUse({ contract, major, domain, versions: [] }, { ...options, since });
      const known = (retired?.users ?? []).map((user) => JSON.stringify([user.consumer, user.environment]));
      const version = published.findLast((one) => majorOf(one.version) === major)?.version;
      if (version !== undefined) findings.push(...findingOf(withoutKnown(use, known), version));
    }
  }
  return findings;
}

function withoutKnown(use: MajorUse, known: readonly string[]): MajorUse {
  const isNew = ({ consumer, seen }: MajorUse["users"][number]): boolean =>
    seen === undefined || !known.includes(JSON.stringify([consumer, seen.environment]));
  return { ...use, users: use.users.filter(isNew) };
}

/** That too little is recorded is no finding: a removal that nobody has decided here is one of `version-removed`. */
function findingOf(use: MajorUse, version: VersionFinding["version"]): readonly VersionFinding[] {
  const { contract, major } = use;
  const keepers = keepersOf(use).filter(({ kind }) => kind !== "unproven");
  if (keepers.length === 0) return [];
  return [
    {
      rule: "version-in-use",
      contract,
      version,
      problem: `${contract} ${version} is no longer declared, and major ${major} is still used: ${keepers.map(({ why }) => why).join("; ")}`,
      wayOut: `Declare it again until "polder contracts can-retire ${contract}@${major}" finds nobody; or retire it all the same: "polder contracts retire ${contract}@${major} --force --reason …".`,
      changes: [],
    },
  ];
}
