import { canonicalJson, type RegisteredSchema, registeredSchemasOf } from "@polder/contracts";
import { type Contract, compareVersions, deprecationOf, isVersion, majorOf, type Team } from "@polder/model";
import type { LoadedDomain } from "@polder/runtime";
import type { PlaceableFinding } from "./place-finding.ts";
import type { KeptVersion, RegistryClient } from "./registry-client.ts";

/** What became of the contracts of one domain. */
export interface PushedDomain {
  readonly domain: LoadedDomain;
  /** Each as `<subject> <version>`: what the registry did not have. */
  readonly sent: readonly string[];
  /** What it had, and of which something else is said now: its owner, that it is about to go. */
  readonly described: readonly string[];
  /** How many it had already. */
  readonly unchanged: number;
  readonly findings: readonly PlaceableFinding[];
}

/** A version of a schema with what is said of it. */
interface Wanted extends RegisteredSchema {
  readonly properties: Readonly<Record<string, string>>;
  /** Nothing newer of its subject is declared. */
  readonly isNewest: boolean;
  readonly kept: KeptVersion | undefined;
}

/**
 * Sends every declared version of every contract of a domain to a registry, the oldest first. What is there stays as it
 * is; a domain of which something there is another one than declared sends nothing.
 *
 * @throws `REGISTRY_UNUSABLE`.
 */
export async function pushContracts(domain: LoadedDomain, client: RegistryClient): Promise<PushedDomain> {
  const { name, owner, publishes } = domain.implementation.domain;
  const kept = await client.versions(`${name}.`);
  const wanted = publishes.flatMap((contract) => wantedOf(contract, owner, kept));
  const broken = wanted.flatMap((one) => problemWith(one, kept) ?? []);
  const sent: string[] = [];
  const described: string[] = [];
  if (broken.length > 0) return { domain, sent, described, unchanged: 0, findings: broken };
  const findings: PlaceableFinding[] = [];
  const known = new Set(kept.map(({ subject }) => subject));
  for (const one of wanted) {
    const { subject, version, compatibility, schema, properties } = one;
    if (one.kept !== undefined && (isSaid(one) || !one.isNewest)) continue;
    // Before the first version, so that the second one is held to it.
    if (!known.has(subject)) await client.setCompatibility(subject, compatibility);
    known.add(subject);
    const refusal = await client.register(subject, { schema: canonicalJson(schema), properties });
    if (refusal !== undefined) findings.push(refusedBy(one, refusal));
    else (one.kept === undefined ? sent : described).push(`${subject} ${version}`);
  }
  const unchanged = wanted.length - sent.length - described.length - findings.length;
  return { domain, sent, described, unchanged, findings };
}

/** All that a push says of a domain, as text: where that is the same, there is nothing to push. */
export function pushedText({ implementation }: LoadedDomain): string {
  const { owner, publishes } = implementation.domain;
  return canonicalJson(publishes.flatMap((contract) => wantedOf(contract, owner, [])));
}

function wantedOf(contract: Contract, owner: Team, kept: readonly KeptVersion[]): readonly Wanted[] {
  const schemas = registeredSchemasOf(contract);
  return schemas.map((schema, index) => ({
    ...schema,
    properties: propertiesOf(schema, contract, owner),
    isNewest: !schemas.slice(index + 1).some(({ subject }) => subject === schema.subject),
    kept: kept.findLast((one) => one.subject === schema.subject && versionOf(one) === schema.version),
  }));
}

function propertiesOf(
  { version, part }: RegisteredSchema,
  contract: Contract,
  owner: Team,
): Readonly<Record<string, string>> {
  const deprecation = deprecationOf(contract, majorOf(version));
  return {
    "polder.contract": contract.name,
    "polder.part": part,
    version,
    owner: owner.name,
    contact: owner.contact,
    ...(deprecation === undefined ? {} : { deprecated: deprecation.since, notice: deprecation.notice }),
    ...(deprecation?.sunset === undefined ? {} : { sunset: deprecation.sunset }),
  };
}

function problemWith(one: Wanted, kept: readonly KeptVersion[]): PlaceableFinding | undefined {
  const { subject, contract, version } = one;
  const at = { contract, version, changes: [] };
  if (one.kept !== undefined) {
    if (isSame(one.schema, one.kept.schema)) return undefined;
    const problem = `${subject} ${version} is in the registry as version ${one.kept.version}, and is declared otherwise now`;
    const wayOut = `Declare ${version} as it was pushed, and the change as a new version.`;
    return { ...at, rule: "pushed-changed", problem, wayOut };
  }
  const newer = kept
    .filter((other) => other.subject === subject)
    .map(versionOf)
    .find((other) => isVersion(other) && isVersion(version) && compareVersions(other, version) > 0);
  if (newer === undefined) return undefined;
  const problem = `${subject} has ${newer} in the registry, which is newer than ${version}: it would become the latest`;
  return { ...at, rule: "pushed-late", problem, wayOut: `Give it a version above ${newer}.` };
}

function refusedBy({ subject, contract, version }: RegisteredSchema, refusal: string): PlaceableFinding {
  return {
    rule: "registry-refused",
    contract,
    version,
    problem: `the registry does not take ${subject} ${version}: ${refusal.replace(/\.$/, "")}`,
    wayOut: `Run "polder contracts check"; what breaks others is a new major, and so a new subject.`,
    changes: [],
  };
}

function versionOf({ metadata }: KeptVersion): string {
  return metadata?.properties?.["version"] ?? "";
}

function isSaid({ kept, properties }: Wanted): boolean {
  return canonicalJson(kept?.metadata?.properties ?? {}) === canonicalJson(properties);
}

function isSame(schema: unknown, text: string): boolean {
  return canonicalJson(schema) === canonicalJson(JSON.parse(text));
}
