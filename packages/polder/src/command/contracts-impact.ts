import { type Comparison, type ContractDocument, compareDocuments, isSameDocument, type Step } from "@polder/contracts";
import { compareVersions, versionParts } from "@polder/model";
import type { Project } from "@polder/runtime";
import { domainContracts } from "../contracts/domain-contracts.ts";
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

/** `polder contracts impact`: whom the changes of the working tree concern. */
export const impactContractsWork =
  (contract: string | undefined): Work =>
  async (input) => {
    await using project = await openCommandProject(input);
    const all = await domainContracts(project, {});
    const names = [...new Set(all.flatMap(({ declared }) => declared.map(({ name }) => name)))];
    if (contract !== undefined && !names.includes(contract))
      throw commandErrors.USAGE(
        `No domain of this project publishes "${contract}"; published are ${names.join(", ")}.`,
        {
          argument: contract,
        },
      );
    const data = all.flatMap(({ declared, frozen }) =>
      changesOf(declared, frozen)
        .filter(({ name }) => contract === undefined || name === contract)
        .map((change) => ({ ...change, touched: touchedBy(change, project) })),
    );
    return { data, text: data.length === 0 ? "The working tree changes no contract." : data.map(told).join("\n\n") };
  };

type Change = Comparison & {
  /** A published version is declared otherwise; else the change is a new version. */
  readonly inPlace: boolean;
};

/** What is declared otherwise than it was published, and what is new. */
function changesOf(declared: readonly ContractDocument[], frozen: readonly ContractDocument[]): readonly Change[] {
  return declared.flatMap((one): readonly Change[] => {
    const published = frozen.find(({ name, version }) => name === one.name && version === one.version);
    if (published !== undefined)
      return isSameDocument(published, one) ? [] : [{ ...compareDocuments(published, one), inPlace: true }];
    const before = frozen
      .filter(({ name, version }) => name === one.name && compareVersions(version, one.version) < 0)
      .sort((a, b) => compareVersions(a.version, b.version))
      .at(-1);
    return before === undefined ? [] : [{ ...compareDocuments(before, one), inPlace: false }];
  });
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

function majorOf(version: string): number {
  return versionParts(version as Parameters<typeof versionParts>[0])[0];
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
