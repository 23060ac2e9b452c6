import { type Contract, domainOf, type Team } from "@polder/model";
import type { ContractDocument, OperationDocument } from "../document/contract-document.ts";
import { describeContract } from "../document/describe-contract.ts";
import { stableJson } from "./stable-json.ts";
import { convertersTo, deprecationOf, type ToldConverter, versionsOf } from "./succession.ts";

/** What a changelog says beside what the contract says. */
export interface ChangelogOptions {
  /** Who answers for the contract. */
  readonly owner?: Team;
  /** What changed between two versions, a sentence each. Default: which operations and which parts of them differ. */
  readonly changes?: (earlier: ContractDocument, later: ContractDocument) => readonly string[];
}

/** The history of a contract in Markdown, made of its versions and of what stands between them; the newest first. */
export function changelogOf(contract: Contract, { owner, changes = differences }: ChangelogOptions = {}): string {
  const versions = versionsOf(contract);
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
  const found = deprecationOf(contract, version);
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

function differences(earlier: ContractDocument, later: ContractDocument): readonly string[] {
  if (earlier.kind === "event" || later.kind === "event")
    return stableJson(earlier) === stableJson({ ...later, version: earlier.version })
      ? []
      : ["The payload has changed."];
  const names = [...new Set([...Object.keys(later.operations), ...Object.keys(earlier.operations)])];
  return names.flatMap((name) => {
    const [before, after] = [earlier.operations[name], later.operations[name]];
    if (after === undefined) return [`\`${name}\` is gone.`];
    if (before === undefined) return [`\`${name}\` is new: ${routeOf(after)}.`];
    const parts = partNames.filter((part) => stableJson(before[part] ?? null) !== stableJson(after[part] ?? null));
    return parts.length === 0 ? [] : [`\`${name}\` has changed: ${parts.join(", ")}.`];
  });
}

const partNames = ["kind", "method", "path", "input", "output", "refusals", "access"] as const;
