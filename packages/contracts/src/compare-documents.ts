import { compareVersions, type JsonSchema, type Version } from "@polder/model";
import type { Comparison, Direction, Finding, Step } from "./changes/finding.ts";
import { isLarger, largestStep } from "./changes/finding.ts";
import { operationChanges } from "./changes/operation-changes.ts";
import { directionsOf, type Role, type RuleId, ruleOfEffect, rules, stepOf } from "./changes/rules.ts";
import { type Change, schemaChanges } from "./changes/schema-changes.ts";
import { type SchemaPair, schemaPair } from "./changes/schema-pair.ts";
import type { ApiDocument, ContractDocument, EventDocument } from "./document/contract-document.ts";
import { contractErrors } from "./errors.ts";
import type { Inclusion } from "./inclusion/compare-schemas.ts";

/**
 * What changed between two versions of a contract, and how far the version must step for it. A finding of less than
 * `major` is backed by proof: whatever one side may write, the other one reads.
 *
 * @throws `DOCUMENTS_UNRELATED` when they are not versions of one contract, and `SCHEMA_UNSUPPORTED` when a schema
 * cannot be compared.
 */
export function compareDocuments(earlier: ContractDocument, later: ContractDocument): Comparison {
  const findings =
    earlier.kind === "api" && later.kind === "api" && earlier.name === later.name
      ? compareApis(earlier, later)
      : earlier.kind === "event" && later.kind === "event" && earlier.name === later.name
        ? compareEvents(earlier, later)
        : undefined;
  if (findings === undefined) throw unrelated(earlier, later);
  const { name } = later;
  const step = largestStep(findings.map((finding) => finding.step));
  return { name, from: earlier.version, to: later.version, step, findings };
}

/**
 * Compares a version with all earlier ones that still live. The step is that from the newest of them; what breaks
 * somebody who uses an older one of the same major counts too, even where the steps between were small: a field that
 * was removed and comes back with another type is found so.
 *
 * @throws as `compareDocuments` does; `living` must not be empty.
 */
export function compareWithLiving(living: readonly ContractDocument[], later: ContractDocument): Comparison {
  const [previous, ...older] = living.toSorted((one, other) => compareVersions(other.version, one.version));
  if (previous === undefined) throw new RangeError("There must be an earlier version to compare with");
  const nearest = compareDocuments(previous, later);
  const major = previous.version.split(".")[0];
  const further = older
    .filter(({ version }) => version.split(".")[0] === major)
    .flatMap((document) => compareDocuments(document, later).findings)
    .filter(({ step }) => step === "major")
    .filter((finding) => !nearest.findings.some((known) => isSame(known, finding)));
  const findings = [...nearest.findings, ...further];
  return { ...nearest, findings, step: largestStep(findings.map(({ step }) => step)) };
}

function isSame(one: Finding, other: Finding): boolean {
  return one.rule === other.rule && one.pointer === other.pointer && one.step === other.step;
}

function compareEvents(earlier: EventDocument, later: EventDocument): readonly Finding[] {
  const versions = { earlier: earlier.version, later: later.version };
  const what = namesOf(earlier, later);
  const keyed: readonly Finding[] =
    earlier.key === later.key
      ? []
      : [
          declaredFinding("key-changed", "/key", versions, {
            problem: `Events are ordered by ${later.key} instead of ${earlier.key}: consumers that count on the order of one ${earlier.key} get events of it in any order.`,
          }),
        ];
  const pair = schemaPair("event", earlier.schema, later.schema, {
    earlier: what.earlier,
    later: what.later,
  });
  return [...keyed, ...schemaFindings(pair, "/schema", versions)];
}

function compareApis(earlier: ApiDocument, later: ApiDocument): readonly Finding[] {
  const versions = { earlier: earlier.version, later: later.version };
  const what = namesOf(earlier, later);
  const declared = operationChanges(earlier, later).map(({ rule, pointer, problem }) =>
    declaredFinding(rule, pointer, versions, { problem }),
  );
  const schemas = Object.entries(later.operations).flatMap(([name, operation]) => {
    const before = Object.hasOwn(earlier.operations, name) ? earlier.operations[name] : undefined;
    if (before === undefined) return [];
    const compared = (role: Role, part: string, one: JsonSchema, other: JsonSchema): readonly Finding[] => {
      const of = (document: string): string => `${document}: /operations/${name}/${part}`;
      const pair = schemaPair(role, one, other, { earlier: of(what.earlier), later: of(what.later) });
      return schemaFindings(pair, `/operations/${name}/${part}`, versions);
    };
    const refusals = Object.entries(operation.refusals).flatMap(([refusal, details]) => {
      const known = Object.hasOwn(before.refusals, refusal) ? before.refusals[refusal] : undefined;
      return known === undefined ? [] : compared("response", `refusals/${refusal}`, known, details);
    });
    return [
      ...compared("request", "input", before.input, operation.input),
      ...compared("response", "output", before.output, operation.output),
      ...refusals,
    ];
  });
  return [...declared, ...schemas];
}

interface Versions {
  readonly earlier: Version;
  readonly later: Version;
}

function declaredFinding(
  rule: RuleId,
  pointer: string,
  versions: Versions,
  { problem }: { readonly problem: string },
): Finding {
  const { wayOut } = rules[rule];
  const step = stepOf(rule, "declaration");
  const change = problem.replace(/\.$/, "");
  const finding = { rule, pointer, directions: [], step, change, problem, against: versions.earlier };
  return step === "major" && wayOut !== undefined ? { ...finding, wayOut: sentence(wayOut) } : finding;
}

function schemaFindings(pair: SchemaPair, base: string, versions: Versions): readonly Finding[] {
  if (pair.earlier === pair.later) return [];
  const directions = directionsOf[pair.role];
  const changes = schemaChanges(pair);
  const inclusions = new Map(directions.map((direction) => [direction, pair.travels(direction)] as const));
  const broken = directions.filter((direction) => inclusions.get(direction)?.verdict !== "included");
  const found = changes.map((change) => schemaFinding(pair.role, change, { base, versions, inclusions }));
  // Whatever the rules say: what was not proven to be read breaks somebody.
  const isExplained = found.some(({ step }) => step === "major");
  const unexplained = isExplained
    ? []
    : broken.slice(0, 1).map((direction) => unexplainedChange(inclusions.get(direction)));
  const isSilent = unexplained.length === 0 && found.every(({ step }) => !isLarger(step, "patch"));
  const rest = isSilent ? silentChanges(pair, found.length) : unexplained;
  return [...found, ...rest.map((change) => schemaFinding(pair.role, change, { base, versions, inclusions }))];
}

/** What changed where no rule has seen more than words: nothing is said to be the same that is not. */
function silentChanges(pair: SchemaPair, known: number): readonly Change[] {
  const effect = pair.effect();
  if (effect === "same" && known > 0) return [];
  return [{ rule: ruleOfEffect("rule", effect), pointer: "", says: "says otherwise" }];
}

function unexplainedChange(inclusion: Inclusion | undefined): Change {
  return inclusion?.verdict === "undecided"
    ? { rule: "undecided", pointer: "", says: `may refuse what is written: ${inclusion.reasons.join("; ")}` }
    : { rule: "incompatible", pointer: "", says: "refuses some of what is written" };
}

function schemaFinding(
  role: Role,
  { rule, pointer, says }: Change,
  {
    base,
    versions,
    inclusions,
  }: {
    readonly base: string;
    readonly versions: Versions;
    readonly inclusions: ReadonlyMap<Direction, Inclusion>;
  },
): Finding {
  const step = stepOf(rule, role);
  const place = pointer === "" ? base : `${base}${pointer}`;
  const all = directionsOf[role];
  const broken = all.filter((direction) => inclusions.get(direction)?.verdict !== "included");
  const witness = all.map((direction) => inclusions.get(direction)).find((one) => one?.verdict === "not-included");
  const consequence = step === "major" ? `: ${consequenceOf(role, broken, versions)}` : "";
  const { wayOut } = rules[rule];
  return {
    rule,
    pointer: place,
    directions: step === "major" && broken.length > 0 ? broken : all,
    step,
    change: `${place} ${says}`,
    problem: `${place} ${says}${consequence}.`,
    ...(step === "major" && wayOut !== undefined ? { wayOut: sentence(wayOut) } : {}),
    ...(step === "major" && witness !== undefined ? { witness: { value: witness.witness } } : {}),
    against: versions.earlier,
  };
}

function consequenceOf(role: Role, broken: readonly Direction[], { earlier, later }: Versions): string {
  if (role === "request") return `callers of ${earlier} may be refused by servers of ${later}`;
  if (role === "response") return `callers of ${earlier} may get answers of ${later} that they cannot use`;
  const live = `consumers of ${earlier} may get events of ${later} that they cannot read`;
  const replay = `consumers of ${later} may find events of ${earlier} in the log that they cannot read`;
  if (broken.length !== 1) return `${live}, and ${replay}`;
  return broken[0] === "event-live" ? live : replay;
}

function namesOf(
  earlier: ContractDocument,
  later: ContractDocument,
): { readonly earlier: string; readonly later: string } {
  const of = ({ kind, name, version }: ContractDocument): string =>
    `The ${kind === "api" ? "API" : "event"} "${name}" ${version}`;
  return { earlier: of(earlier), later: of(later) };
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

function unrelated(earlier: ContractDocument, later: ContractDocument): Error {
  const names = namesOf(earlier, later);
  return contractErrors.DOCUMENTS_UNRELATED(
    `${names.earlier} and ${names.later.charAt(0).toLowerCase()}${names.later.slice(1)} are not versions of one contract, so there is no change between them. Compare two documents of the same kind and name.`,
    { earlier: `${earlier.kind} ${earlier.name}`, later: `${later.kind} ${later.name}` },
  );
}

/** The findings of a comparison as lines for people, the worst first; one line that says so when there are none. */
export function describeComparison({ name, from, to, step, findings }: Comparison): string {
  if (findings.length === 0) return `${name} ${to} says the same as ${from}.`;
  const order: readonly Step[] = ["major", "minor", "patch", "none"];
  const sorted = findings.toSorted((one, other) => order.indexOf(one.step) - order.indexOf(other.step));
  const lines = sorted.map(({ rule, step: cost, problem, wayOut, witness }) => {
    const shown = witness === undefined ? "" : `\n    for example ${JSON.stringify(witness.value)}`;
    return `  ${cost} ${rule}: ${problem}${shown}${wayOut === undefined ? "" : `\n    ${wayOut}`}`;
  });
  return [`${name} ${to} is a ${step} step from ${from}:`, ...lines].join("\n");
}
