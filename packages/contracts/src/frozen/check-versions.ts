import { compareVersions, type Version, versionParts } from "@polder/model";
import { type Comparison, isLarger, type Step } from "../changes/finding.ts";
import { compareDocuments } from "../compare-documents.ts";
import type { ContractDocument } from "../document/contract-document.ts";
import { unstatedEnums } from "../document/unstated-enums.ts";
import { frozenPath, isSameDocument } from "./frozen-document.ts";
import type { VersionFinding } from "./version-finding.ts";

/** What is known of the versions of some contracts. */
export interface PublishedVersions {
  /** Every version that is declared. */
  readonly declared: readonly ContractDocument[];
  /** Every version that has been written down. */
  readonly frozen: readonly ContractDocument[];
  /** What had been written down where others build on it, such as on the main branch. Default: nothing is known of it. */
  readonly base?: readonly ContractDocument[];
  /** Has a major version been taken out of service in the open? Such a version need not be declared any more. */
  readonly isRetired?: (contract: string, major: number) => boolean;
}

/**
 * Holds the versions of contracts to what has been promised: a published version never changes, and a new one steps as
 * far as its difference to every earlier one of its major costs. Pure: what is in files is read by others.
 */
export function checkVersions(versions: PublishedVersions): readonly VersionFinding[] {
  const { declared, frozen, base = [] } = versions;
  return [
    ...base.flatMap((one) => editedFinding(one, find(frozen, one), isGivenUp(one, versions))),
    ...frozen.flatMap((one) => frozenFinding(one, find(declared, one), versions)),
    ...declared
      .filter((one) => find(frozen, one) === undefined)
      .flatMap((one) => [unfrozenFinding(one), ...enumFindings(one)]),
    ...declared.flatMap((one) => stepFindings(one, earlierOf(one, versions))),
  ];
}

function find(documents: readonly ContractDocument[], wanted: ContractDocument): ContractDocument | undefined {
  return documents.find(({ name, version }) => name === wanted.name && version === wanted.version);
}

/** Is nothing at all declared of its contract any more? */
function isGivenUp({ name }: ContractDocument, { declared }: PublishedVersions): boolean {
  return !declared.some((one) => one.name === name);
}

function editedFinding(
  base: ContractDocument,
  frozen: ContractDocument | undefined,
  isOver: boolean,
): readonly VersionFinding[] {
  const { name: contract, version } = base;
  const file = `contracts/${frozenPath(base)}`;
  if (frozen === undefined) {
    return [
      {
        rule: "frozen-deleted",
        contract,
        version,
        problem: `${file} is gone, so nobody could tell any more whether a later version is compatible with it`,
        wayOut: isOver
          ? "Take it back together with the declaration. Where the contract is given up as a whole and nobody uses it, merge this knowingly: it is found once."
          : "Take the file back; it stays for as long as the contract does, also when the version is retired.",
        changes: [],
      },
    ];
  }
  if (isSameDocument(base, frozen)) return [];
  const compared = compareDocuments(base, frozen);
  return [
    {
      rule: "frozen-edited",
      contract,
      version,
      problem: `${file} is not what the base branch has: a published version was changed${costing(compared)}`,
      wayOut: "Take the file back, and publish what has changed as a new version.",
      changes: compared.findings,
    },
  ];
}

function frozenFinding(
  frozen: ContractDocument,
  declared: ContractDocument | undefined,
  versions: PublishedVersions,
): readonly VersionFinding[] {
  const { isRetired = () => false } = versions;
  const { name: contract, version } = frozen;
  if (declared === undefined) {
    if (isRetired(contract, versionParts(version)[0])) return [];
    return [
      {
        rule: "version-removed",
        contract,
        version,
        problem: `${contract} ${version} was published and is no longer declared: whoever uses it is served no more`,
        wayOut: isGivenUp(frozen, versions)
          ? `Declare it again. To give the contract up as a whole, see that nobody uses it, and take contracts/${contract}/ out with it.`
          : "Declare it again. Announce the end of its major with deprecated, and take it out when nobody uses it any more.",
        changes: [],
      },
    ];
  }
  if (isSameDocument(frozen, declared)) return [];
  const compared = compareDocuments(frozen, declared);
  const next = nextVersion(version, compared.step);
  return [
    {
      rule: "frozen-changed",
      contract,
      version,
      step: compared.step,
      problem: `${contract} ${version} is declared otherwise than it was published${costing(compared)}`,
      wayOut: `Declare ${version} as it was, and what has changed as ${next}; "polder contracts freeze" then writes ${next} down.`,
      changes: compared.findings,
    },
  ];
}

function unfrozenFinding({ name: contract, version }: ContractDocument): VersionFinding {
  return {
    rule: "version-unfrozen",
    contract,
    version,
    problem: `${contract} ${version} is not written down, so nothing holds its later versions to it`,
    wayOut: 'Run "polder contracts freeze", and commit the file together with the declaration.',
    changes: [],
  };
}

/** Asked before it is published only: afterwards it is what it is. */
function enumFindings(document: ContractDocument): readonly VersionFinding[] {
  const { name: contract, version } = document;
  return unstatedEnums(document).map(({ problem, wayOut }) => ({
    rule: "enum-unstated",
    contract,
    version,
    problem: `${contract} ${version}: ${problem}`,
    wayOut,
    changes: [],
  }));
}

/** All that came before it in its major, from the oldest; a file says better than a declaration how one was published. */
function earlierOf(later: ContractDocument, { declared, frozen }: PublishedVersions): readonly ContractDocument[] {
  const known = [...frozen, ...declared.filter((one) => find(frozen, one) === undefined)];
  const [major] = versionParts(later.version);
  return known
    .filter(({ name, version }) => name === later.name && versionParts(version)[0] === major)
    .filter(({ version }) => compareVersions(version, later.version) < 0)
    .sort((a, b) => compareVersions(a.version, b.version));
}

/** One finding a version, with the changes against the newest of those that it breaks. */
function stepFindings(later: ContractDocument, earlier: readonly ContractDocument[]): readonly VersionFinding[] {
  const broken = earlier
    .map((one) => compareDocuments(one, later))
    .filter(({ step, from, to }) => isLarger(step, stepBetween(from, to)));
  const last = broken.at(-1);
  if (last === undefined) return [];
  const { name: contract, version } = later;
  const costly = last.findings.filter(({ step }) => isLarger(step, stepBetween(last.from, version)));
  const others = broken.length === 1 ? "" : `, and so it does from ${broken.length - 1} earlier`;
  const newest = earlier.at(-1)?.version ?? last.from;
  return [
    {
      rule: "step-too-small",
      contract,
      version,
      step: last.step,
      problem: `${contract} ${version} differs from ${last.from} by a ${last.step} step${others}, but its number says ${stepBetween(last.from, version)}`,
      wayOut: `${wayOutOf(last.step)} Otherwise call it ${nextVersion(newest, last.step)}.`,
      changes: costly,
    },
  ];
}

function wayOutOf(step: Step): string {
  return step === "major" ? "Change it so that nobody breaks: each change says how." : "Leave the change out.";
}

/** How far one version has stepped from another of the same major. */
function stepBetween(from: Version, to: Version): Step {
  return versionParts(from)[1] === versionParts(to)[1] ? "patch" : "minor";
}

/** The version that a step leads to. */
export function nextVersion(version: Version, step: Step): Version {
  const [major, minor, patch] = versionParts(version);
  if (step === "major") return `${major + 1}.0.0`;
  return step === "minor" ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}

function costing({ step, findings }: Comparison): string {
  if (findings.length === 0) return "";
  return `, which costs a ${step} step`;
}
