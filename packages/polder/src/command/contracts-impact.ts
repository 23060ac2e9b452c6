import { type Comparison, type ContractDocument, compareDocuments, isSameDocument, type Step } from "@polder/contracts";
import { compareVersions, isPolderError, majorOf, newestVersion } from "@polder/model";
import type { Project } from "@polder/runtime";
import { type BaseVersions, readBaseVersions } from "../contracts/base-versions.ts";
import { type DomainContracts, domainContracts } from "../contracts/domain-contracts.ts";
import { describeChanges } from "../contracts/place-finding.ts";
import { commandErrors } from "../errors.ts";
import { openCommandProject } from "./command-project.ts";
import type { Work } from "./work.ts";

/** A consumer of a contract, and what a change means to it. */
export interface Touched {
  readonly domain: string;
  readonly owner: { readonly name: string; readonly contact: string };
  /** The version that it needs. */
  readonly version: string;
  /** `breaks`: what it uses changes under it. `gets it`: it is served by the changed version. `may move`: it stays where it is. */
  readonly effect: "breaks" | "gets it" | "may move" | "not touched";
}

/** What `polder contracts impact` is told. */
export interface ImpactOptions {
  /** A branch, tag or commit. Default: the last commit. */
  readonly base?: string;
}

/** `polder contracts impact`: whom the changes of the working tree concern. */
export const impactContractsWork =
  (contract: string | undefined, { base }: ImpactOptions): Work =>
  async (input) => {
    await using project = await openCommandProject(input);
    const published = await publishedBefore(project, base);
    const all = await domainContracts(project, { base: published });
    const givenUp = (published?.givenUp ?? []).map(({ document }) => document);
    const names = [
      ...new Set([...all.flatMap(({ declared, base: known }) => [...declared, ...known]), ...givenUp].map(nameOf)),
    ];
    if (contract !== undefined && !names.includes(contract))
      throw commandErrors.USAGE(
        `No domain of this project publishes "${contract}"; published are ${names.join(", ")}.`,
        { argument: contract },
      );
    const isAsked = ({ name }: { readonly name: string }): boolean => contract === undefined || name === contract;
    const changes = all.flatMap(changesOf).map((change) => ({ ...change, touched: touchedBy(change, project) }));
    const removals = [...all.flatMap(removalsOf), ...givenUp.map((document) => removalOf(document, []))];
    const data = [...changes, ...removals].filter(isAsked);
    const text = [...changes.filter(isAsked).map(told), ...removals.filter(isAsked).map(toldRemoval)].join("\n\n");
    return { data, text: data.length === 0 ? "The working tree changes no contract." : text };
  };

/** What the base has; nothing where none is asked for and there is no commit to compare with. */
async function publishedBefore(project: Project, base: string | undefined): Promise<BaseVersions | undefined> {
  try {
    return await readBaseVersions(project, base ?? "HEAD");
  } catch (error) {
    if (base === undefined && isPolderError(error, "BASE_UNKNOWN")) return undefined;
    throw error;
  }
}

/** What had been published of a contract: as the base has it, or, where that does not know it, as it is written down. */
function publishedOf(name: string, { base, frozen }: DomainContracts): readonly ContractDocument[] {
  const known = base.filter((one) => one.name === name);
  return known.length > 0 ? known : frozen.filter((one) => one.name === name);
}

type Change = Comparison & {
  /** A published version is declared otherwise; else the change is a new version. */
  readonly inPlace: boolean;
};

/** What is declared otherwise than it was published, and what is new. */
function changesOf(contracts: DomainContracts): readonly Change[] {
  return contracts.declared.flatMap((one): readonly Change[] => {
    const all = publishedOf(one.name, contracts);
    const published = all.find(({ version }) => version === one.version);
    if (published !== undefined)
      return isSameDocument(published, one) ? [] : [{ ...compareDocuments(published, one), inPlace: true }];
    const before = all
      .filter(({ version }) => compareVersions(version, one.version) < 0)
      .sort((a, b) => compareVersions(a.version, b.version))
      .at(-1);
    return before === undefined ? [] : [{ ...compareDocuments(before, one), inPlace: false }];
  });
}

/** A published version that is no longer declared. Nobody in the project uses it, or the project would not be loaded. */
interface Removal {
  readonly name: string;
  readonly from: string;
  readonly removed: true;
  /** The version that its users are served by, where its major lives on. */
  readonly servedBy?: string;
}

function removalsOf(contracts: DomainContracts): readonly Removal[] {
  const { declared, base, frozen } = contracts;
  return [...new Set([...base, ...frozen].map(nameOf))].flatMap((name) =>
    publishedOf(name, contracts)
      .filter((one) => !declared.some((other) => other.name === name && other.version === one.version))
      .map((one) => removalOf(one, declared)),
  );
}

function removalOf({ name, version }: ContractDocument, declared: readonly ContractDocument[]): Removal {
  const major = majorOf(version);
  const servedBy = newestVersion(
    declared.filter((one) => one.name === name && majorOf(one.version) === major).map((one) => one.version),
  );
  return { name, from: version, removed: true, ...(servedBy === undefined ? {} : { servedBy }) };
}

function nameOf({ name }: ContractDocument): string {
  return name;
}

function touchedBy(change: Change, { domains }: Project): readonly Touched[] {
  return domains.flatMap(({ name, implementation: { domain } }) =>
    domain.needs
      .filter(({ contract }) => contract.name === change.name)
      .map((need): Touched => {
        const { name: owner, contact } = domain.owner;
        return {
          domain: name,
          owner: { name: owner, contact },
          version: need.version,
          effect: effectOn(need.version, change),
        };
      }),
  );
}

const isBreaking: Record<Step, boolean> = { none: false, patch: false, minor: false, major: true };

function effectOn(version: string, { to, step, inPlace }: Change): Touched["effect"] {
  const isServed = majorOf(version) === majorOf(to);
  if (!isServed) return majorOf(version) < majorOf(to) ? "may move" : "not touched";
  return isBreaking[step]
    ? "breaks"
    : inPlace || compareVersions(version as typeof to, to) <= 0
      ? "gets it"
      : "not touched";
}

function told({
  name,
  from,
  to,
  step,
  inPlace,
  findings,
  touched,
}: Change & { readonly touched: readonly Touched[] }): string {
  const head = inPlace
    ? `${name} ${to} is changed where it stands: a ${step} step`
    : `${name} ${to} is new, a ${step} step from ${from}`;
  const users = touched.map(
    ({ domain, owner, version, effect }) => `  ${domain} at ${version}: ${effect} (${owner.name}, ${owner.contact})`,
  );
  const consumers = users.length === 0 ? ["  No domain of this project uses it."] : users;
  return [head, ...describeChanges(findings).map((line) => `    ${line}`), ...consumers].join("\n");
}

function toldRemoval({ name, from, servedBy }: Removal): string {
  const users =
    servedBy === undefined
      ? `No domain of this project uses it; while it is declared, "polder contracts can-retire ${name}@${majorOf(from)}" says who else does.`
      : `Its users are served by ${servedBy}.`;
  return `${name} ${from} is no longer declared\n  ${users}`;
}
