import type { OperationRef } from "./api.ts";
import type { AskedQuery, DeclaredJoin, DeclaredPlan, DeclaredSource } from "./composition-plan.ts";
import { type Domain, declaredNeed, notDomainProblems, publishedApis } from "./domain.ts";
import { keysAtOnce } from "./many-at-once.ts";
import { domainOf, operationNameProblems } from "./name.ts";
import type { Operation } from "./operation.ts";
import { listProblems, type Problem } from "./problems.ts";
import { type JsonSchema, jsonSchemaOf } from "./schema.ts";
import { fieldNames, fieldOf, itemOf, requiredFields } from "./schema-fields.ts";

/** What is wrong with a composition, if anything. */
export function compositionProblems(
  domain: Domain | undefined,
  ref: OperationRef | undefined,
  plan: DeclaredPlan,
): readonly Problem[] {
  const strange = notDomainProblems(domain);
  if (strange.length > 0 || domain === undefined) return strange;
  const answered = answeredProblems(domain, ref);
  if (answered.length > 0 || ref === undefined) return answered;
  const whole: Whole = { domain, ref, plan };
  const { sources, joins, answer } = plan;
  const problems = [
    ...(Object.keys(sources).length === 0
      ? [{ place: "sources", problem: "has none; name the queries that are asked first" }]
      : []),
    ...(typeof answer === "function" ? [] : [{ place: "answer", problem: "is no function; write (found) => output" }]),
    ...Object.entries(sources).flatMap(([name, part]) => partProblems(whole, { name, part, isJoin: false })),
    ...Object.entries(joins).flatMap(([name, part]) => partProblems(whole, { name, part, isJoin: true })),
    ...Object.keys(joins)
      .filter((name) => Object.hasOwn(sources, name))
      .map((name) => ({ place: `joins.${name}`, problem: "has the name of a source" })),
  ];
  return problems.length > 0 ? problems : [...missingProblems(whole), ...askedProblems(whole)];
}

/** The query of a part at the version that the domain needs, if it needs it. */
export function neededQuery(domain: Domain, part: DeclaredSource): AskedQuery | undefined {
  const need = declaredNeed(domain, String(part?.query?.api));
  if (need?.contract.kind !== "api") return undefined;
  const operations = need.contract.versions[need.version] ?? {};
  const asked = Object.hasOwn(operations, part.query.operation) ? operations[part.query.operation] : undefined;
  if (asked?.kind !== "query") return undefined;
  const { batch } = asked;
  return { contract: need.contract, asked, ...(batch === undefined ? {} : { keysAtOnce: keysAtOnce(asked, batch) }) };
}

/** Says whether the output of a composed query has a field for what is missing. */
export function saysMissing({ output }: Operation): boolean {
  return fieldOf(jsonSchemaOf(output, "output"), "missing") !== undefined;
}

/** A composition that is being judged. */
interface Whole {
  readonly domain: Domain;
  /** The query that it answers. */
  readonly ref: OperationRef;
  readonly plan: DeclaredPlan;
}

interface Part {
  readonly name: string;
  readonly part: DeclaredSource & Partial<DeclaredJoin>;
  readonly isJoin: boolean;
}

function answeredProblems(domain: Domain, ref: OperationRef | undefined): readonly Problem[] {
  const { api = "", operation = "", declared } = ref ?? {};
  const published = publishedApis(domain).find(({ name }) => name === api);
  if (declared === undefined || published?.versions[published.newest]?.[operation] !== declared)
    return [{ place: "operation", problem: `is no operation that "${domain.name}" publishes` }];
  if (declared.kind === "query") return [];
  return [{ place: "operation", problem: `"${api}.${operation}" is a command; a composition only reads` }];
}

function partProblems(whole: Whole, { name, part, isJoin }: Part): readonly Problem[] {
  const place = `${isJoin ? "joins" : "sources"}.${name}`;
  const named = operationNameProblems(name, place);
  const needed = neededQuery(whole.domain, part);
  if (needed === undefined) return [...named, queryProblem(whole.domain, part, `${place}.query`)];
  return [
    ...named,
    ...optionProblems(part, place, isJoin),
    ...inputProblems(whole, needed.asked, { place, part, isJoin }),
    ...listProblems(part.absent ?? [], `${place}.absent`, (absent) =>
      refusalProblems(whole, needed.asked, { place, absent, isOptional: part.optional === true }),
    ),
  ];
}

function queryProblem({ name, needs }: Domain, part: DeclaredSource, place: string): Problem {
  const { api, operation } = part?.query ?? {};
  if (api === undefined) return { place, problem: "is no query; write query: Api.operation" };
  const need = needs.find(({ contract }) => contract?.name === api);
  if (need === undefined) return { place, problem: `asks "${api}", which "${name}" does not need; add need(…)` };
  return { place, problem: `"${api}" has no query "${operation}" at ${need.version}` };
}

const sourceOptions = ["query", "input", "optional", "absent", "deadlineMs"];
const joinOptions = [...sourceOptions, "keys", "keysMax"];

function optionProblems(part: Part["part"], place: string, isJoin: boolean): readonly Problem[] {
  const known = isJoin ? joinOptions : sourceOptions;
  return [
    ...Object.keys(part)
      .filter((option) => !known.includes(option))
      .map((option) => ({ place: `${place}.${option}`, problem: `is no option; there are ${known.join(", ")}` })),
    ...(isJoin && typeof part.keys !== "function"
      ? [{ place: `${place}.keys`, problem: "is no function; write keys: (found) => […]" }]
      : []),
    ...(["deadlineMs", "keysMax"] as const)
      .filter((option) => part[option] !== undefined && !(Number.isInteger(part[option]) && part[option] > 0))
      .map((option) => ({ place: `${place}.${option}`, problem: "must be a whole number above 0" })),
  ];
}

interface PlacedPart extends Omit<Part, "name"> {
  readonly place: string;
}

function inputProblems({ ref }: Whole, asked: Operation, { place, part, isJoin }: PlacedPart): readonly Problem[] {
  const given = part.input ?? {};
  const { batch } = asked;
  if (isJoin && batch === undefined)
    return Object.keys(given).length === 0
      ? []
      : [{ place: `${place}.input`, problem: "is said by each key, since the query has no batch" }];
  const takes = inputOf(asked);
  const has = fieldNames(inputOf(ref.declared));
  const filled = isJoin ? batch?.keys : undefined;
  return [
    ...Object.entries(given).flatMap(([field, from]) => {
      const at = `${place}.input.${field}`;
      if (!fieldNames(takes).includes(field)) return [{ place: at, problem: "is no field that the query takes" }];
      if (field === filled) return [{ place: at, problem: "is filled with the keys" }];
      if (typeof from !== "string" || has.includes(from)) return [];
      return [{ place: at, problem: `"${from}" is no field of the input of "${ref.operation}"` }];
    }),
    ...requiredFields(takes)
      .filter((field) => field !== filled && !Object.hasOwn(given, field))
      .map((field) => ({ place: `${place}.input`, problem: `does not say where "${field}" comes from` })),
  ];
}

interface Refusing {
  readonly place: string;
  readonly absent: readonly string[];
  readonly isOptional: boolean;
}

function refusalProblems(
  { ref }: Whole,
  asked: Operation,
  { place, absent, isOptional }: Refusing,
): readonly Problem[] {
  const strange = absent
    .filter((refusal) => !Object.hasOwn(asked.refusals, refusal))
    .map((refusal) => ({ place: `${place}.absent`, problem: `"${refusal}" is no refusal of the query` }));
  if (isOptional) return strange;
  const unsaid = Object.keys(asked.refusals).filter(
    (refusal) => !absent.includes(refusal) && !Object.hasOwn(ref.declared.refusals, refusal),
  );
  return [
    ...strange,
    ...unsaid.map((refusal) => ({
      place,
      problem: `may refuse with "${refusal}", which "${ref.operation}" does not declare; declare it there, name it in "absent", or make this optional`,
    })),
  ];
}

/** Whoever reads an answer must see what it lacks. */
function missingProblems({ ref: { declared, operation }, plan: { sources, joins } }: Whole): readonly Problem[] {
  const optional = [...Object.entries(sources), ...Object.entries(joins)].find(([, part]) => part.optional === true);
  if (optional === undefined && !saysMissing(declared)) return [];
  const item = itemOf(jsonSchemaOf(declared.output, "output"), "missing");
  const says = ["source", "code"];
  if (
    item?.["type"] === "object" &&
    says.every((field) => fieldNames(item).includes(field)) &&
    requiredFields(item).every((field) => says.includes(field))
  )
    return [];
  const needed = `needs a list "missing" of objects with "source" and "code"; with Zod: missing: missingSources()`;
  if (optional === undefined)
    return [{ place: "operation", problem: `Polder fills "missing" of "${operation}", so the output ${needed}` }];
  const problem = `"${optional[0]}" is optional, so the output of "${operation}" ${needed}`;
  return [{ place: "operation", problem }];
}

/** What a caller may ask for must reach a source: among rows that were fetched already it would miss all others. */
function askedProblems(whole: Whole): readonly Problem[] {
  const { sources, joins, presentation } = whole.plan;
  const reached = new Set(Object.values(sources).flatMap(namesIn));
  const joined = new Set(Object.values(joins).flatMap(namesIn));
  const isForJoins = (field: string): boolean => joined.has(field) && !reached.has(field);
  const crossing = fieldNames(inputOf(whole.ref.declared)).filter((field) => !reached.has(field));
  return listProblems(presentation, "presentation", (listed) => [
    ...listed
      .filter((field) => !isForJoins(field))
      .map((field) => ({
        place: "presentation",
        problem: `"${field}" is no field of the input that goes to joins alone`,
      })),
    ...crossing
      .filter((field) => !listed.includes(field))
      .map((field) => ({
        place: `input.${field}`,
        problem: isForJoins(field)
          ? `"${field}" goes to a join alone: it would filter or sort among the rows that the sources happened to give. ${readModelFor(whole)} If it only changes how what is joined looks, name it in "presentation".`
          : `"${field}" reaches no source: to filter or sort by it here would be to do so among the rows that happened to be fetched. Hand it to the source that has the rows, where that query takes it. ${readModelFor(whole)}`,
      })),
  ]);
}

function readModelFor({ domain, ref: { operation }, plan: { sources, joins } }: Whole): string {
  const parts = [...Object.values(sources), ...Object.values(joins)];
  const owners = [...new Set(parts.map(({ query }) => domainOf(query.api)))].sort();
  const name = operation.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `Across domains that takes a read model: readModel(${domain.name}, "${name}", …), built from the events of ${owners.join(", ")}.`;
}

function namesIn({ input }: DeclaredSource): readonly string[] {
  return Object.values(input ?? {}).filter((from) => typeof from === "string");
}

function inputOf({ input }: Operation): JsonSchema {
  return jsonSchemaOf(input, "input");
}
