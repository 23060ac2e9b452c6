import { type Contract, deprecationOf, domainOf, majorOf, sortedVersions, type Team } from "@polder/model";
import { compareDocuments } from "../compare-documents.ts";
import type { ContractDocument, OperationDocument } from "../document/contract-document.ts";
import { describeContract } from "../document/describe-contract.ts";
import { convertersTo, type ToldConverter } from "./succession.ts";

/** What a changelog says beside what the contract says. */
export interface ChangelogOptions {
  /** Who answers for the contract. */
  readonly owner?: Team;
}

/**
 * The history of a contract in Markdown, made of its versions and of what stands between them; the newest first.
 *
 * @throws `SCHEMA_UNSUPPORTED` where a version cannot be compared.
 */
export function changelogOf(contract: Contract, { owner }: ChangelogOptions = {}): string {
  const versions = sortedVersions(contract.versions);
  const documents = versions.map((version) => describeContract(contract, version));
  const parts = documents.map((document, index) => {
    const earlier = documents[index - 1];
    const told = earlier === undefined ? firstVersion(document) : changes(earlier, document);
    const lines = told.map((line) => `- ${line}`);
    const since = earlier === undefined ? [] : [`Changes since ${earlier.version}:`, ""];
    return [
      `## ${document.version}`,
      "",
      ...deprecation(contract, document.version),
      ...(lines.length === 0 ? ["Nothing that its users can see has changed."] : [...since, ...lines]),
      ...conversions(convertersTo(contract, document.version), earlier?.version),
    ].join("\n");
  });
  const asked = owner === undefined ? "" : ` ${owner.name} answers for it: ${owner.contact}.`;
  const kind = contract.kind === "api" ? "An API" : `An event, keyed by \`${contract.key}\`,`;
  const head = `# ${contract.name}\n\n${kind} of the domain \`${domainOf(contract.name)}\`.${asked}`;
  return `${[head, ...parts.toReversed()].join("\n\n")}\n`;
}

function deprecation(contract: Contract, version: string): readonly string[] {
  const found = deprecationOf(contract, majorOf(version));
  if (found === undefined) return [];
  const until = found.sunset === undefined ? "" : `, served until ${found.sunset}`;
  return [`**Deprecated** since ${found.since}${until}. ${found.notice}`, ""];
}

function conversions(converters: readonly ToldConverter[], earlier: string | undefined): readonly string[] {
  if (converters.length === 0) return [];
  const lines = converters.map(
    ({ what, loses }) => `- \`${what}\`${loses === undefined ? "" : `, which loses: ${loses}`}`,
  );
  return ["", `Users of ${earlier} are served by conversion:`, "", ...lines];
}

function firstVersion(document: ContractDocument): readonly string[] {
  if (document.kind === "event") return ["The first version."];
  return Object.entries(document.operations).map(([name, operation]) => `\`${name}\`: ${routeOf(operation)}`);
}

function routeOf({ kind, method, path }: OperationDocument): string {
  return `a ${kind}, \`${method} ${path}\``;
}

function changes(earlier: ContractDocument, later: ContractDocument): readonly string[] {
  return compareDocuments(earlier, later).findings.map(({ step, change }) => `${change} (${step}).`);
}
