import type { Asking, AskingForKeys, Composition } from "./composition.ts";
import { type Domain, declaredNeed, notDomainProblems, publishedApis } from "./domain.ts";
import { domainOf, operationNameProblems } from "./name.ts";
import type { Operation } from "./operation.ts";
import type { Problem } from "./problems.ts";
import { type JsonSchema, jsonSchemaOf } from "./schema.ts";

/** What is wrong with a composition, if anything. */
export function compositionProblems(domain: Domain | undefined, declared: Composition): readonly Problem[] {
  const strange = notDomainProblems(domain);
  if (strange.length > 0 || domain === undefined) return strange;
  const answered = operationProblems(domain, declared);
  if (answered.length > 0) return answered;
  const { sources, joins, answer } = declared.composition;
  const parts = [
    ...Object.entries(sources).map(([name, part]) => ({ name, place: `sources.${name}`, part, isJoin: false })),
    ...Object.entries(joins).map(([name, part]) => ({ name, place: `joins.${name}`, part, isJoin: true })),
  ];
  const problems = [
    ...(Object.keys(sources).length === 0
      ? [{ place: "sources", problem: "has none; name the queries that are asked first" }]
      : []),
    ...(typeof answer === "function" ? [] : [{ place: "answer", problem: "is no function" }]),
    ...parts.flatMap(({ name, place }) => operationNameProblems(name, place)),
    ...parts.flatMap(({ place, part, isJoin }) => partProblems(domain, declared, { place, part, isJoin })),
    ...Object.keys(joins)
      .filter((name) => Object.hasOwn(sources, name))
      .map((name) => ({ place: `joins.${name}`, problem: "has the name of a source" })),
  ];
  return problems.length > 0 ? problems : [...missingProblems(declared), ...askedProblems(domain, declared)];
}

function operationProblems(domain: Domain, { api, operation, declared }: Composition): readonly Problem[] {
  const published = publishedApis(domain).find(({ name }) => name === api);
  if (declared === undefined || published?.versions[published.newest]?.[operation] !== declared)
    return [{ place: "operation", problem: `is no operation that "${domain.name}" publishes` }];
  if (declared.kind === "query") return [];
  return [{ place: "operation", problem: `"${api}.${operation}" is a command; a composition only reads` }];
}

interface Part {
  readonly place: string;
  readonly part: Asking | AskingForKeys;
  readonly isJoin: boolean;
}

function partProblems(domain: Domain, whole: Composition, { place, part, isJoin }: Part): readonly Problem[] {
  const { api, operation } = part?.query ?? {};
  const need = declaredNeed(domain, String(api));
  const asked = operationOf(domain, part);
  if (need?.contract.kind !== "api")
    return [{ place: `${place}.query`, problem: `asks "${api}", which "${domain.name}" does not need; add need(…)` }];
  if (asked?.kind !== "query")
    return [{ place: `${place}.query`, problem: `"${api}" has no query "${operation}" at ${need.version}` }];
  return [
    ...(isJoin && typeof (part as AskingForKeys).keys !== "function"
      ? [{ place: `${place}.keys`, problem: "is no function; write keys: (found) => […]" }]
      : []),
    ...boundProblems(part, place),
    ...inputProblems(whole, asked, { place, part, isJoin }),
    ...refusalProblems(whole, asked, { place, part, isJoin }),
  ];
}

function boundProblems(part: Asking & Partial<AskingForKeys>, place: string): readonly Problem[] {
  return (["deadlineMs", "keysMax"] as const)
    .filter((name) => part[name] !== undefined && !(Number.isInteger(part[name]) && part[name] > 0))
    .map((name) => ({ place: `${place}.${name}`, problem: "must be a whole number above 0" }));
}

function inputProblems(whole: Composition, asked: Operation, { place, part, isJoin }: Part): readonly Problem[] {
  const given = part.input ?? {};
  const { batch } = asked;
  if (isJoin && batch === undefined)
    return Object.keys(given).length === 0
      ? []
      : [{ place: `${place}.input`, problem: "is said by each key, since the query has no batch" }];
  const takes = fieldsOf(asked);
  const has = fieldsOf(whole.declared);
  const filled = isJoin ? batch?.keys : undefined;
  return [
    ...Object.entries(given).flatMap(([field, from]) => {
      const at = `${place}.input.${field}`;
      if (!takes.names.includes(field)) return [{ place: at, problem: `is no field that the query takes` }];
      if (field === filled) return [{ place: at, problem: "is filled with the keys" }];
      if (typeof from !== "string" || has.names.includes(from)) return [];
      return [{ place: at, problem: `"${from}" is no field of the input of "${whole.operation}"` }];
    }),
    ...takes.required
      .filter((field) => field !== filled && !Object.hasOwn(given, field))
      .map((field) => ({ place: `${place}.input`, problem: `does not say where "${field}" comes from` })),
  ];
}

function refusalProblems(whole: Composition, asked: Operation, { place, part }: Part): readonly Problem[] {
  const absent = part.absent ?? [];
  const strange = absent
    .filter((refusal) => !Object.hasOwn(asked.refusals, refusal))
    .map((refusal) => ({ place: `${place}.absent`, problem: `"${refusal}" is no refusal of the query` }));
  if (part.optional === true) return strange;
  const unsaid = Object.keys(asked.refusals).filter(
    (refusal) => !absent.includes(refusal) && !Object.hasOwn(whole.declared.refusals, refusal),
  );
  return [
    ...strange,
    ...unsaid.map((refusal) => ({
      place,
      problem: `may refuse with "${refusal}", which "${whole.operation}" does not declare; declare it there, name it in "absent", or make this optional`,
    })),
  ];
}

/** Whoever reads an answer must see what it lacks. */
function missingProblems({ composition: { sources, joins }, declared, operation }: Composition): readonly Problem[] {
  const optional = [...Object.entries(sources), ...Object.entries(joins)].filter(([, part]) => part.optional === true);
  const [first] = optional;
  if (first === undefined) return [];
  const { properties = {} } = jsonSchemaOf(declared.output, "output");
  const field = (properties as Readonly<Record<string, JsonSchema>>)["missing"];
  if (field?.["type"] === "array") return [];
  return [
    {
      place: "operation",
      problem: `"${first[0]}" is optional, so the output of "${operation}" needs a list "missing" that says when it is left out; with Zod: missing: missingSources()`,
    },
  ];
}

/** What a caller may ask for must reach a source: among rows that were fetched already it would miss all others. */
function askedProblems(domain: Domain, whole: Composition): readonly Problem[] {
  const { sources, joins, presentation } = whole.composition;
  const reached = new Set(Object.values(sources).flatMap(namesIn));
  const joined = new Set(Object.values(joins).flatMap(namesIn));
  const { names } = fieldsOf(whole.declared);
  const strange = presentation
    .filter((field) => !joined.has(field) || reached.has(field))
    .map((field) => ({
      place: "presentation",
      problem: `"${field}" is no field of the input that goes to joins alone`,
    }));
  const crossing = names.filter((field) => !reached.has(field) && !presentation.includes(field));
  return [
    ...strange,
    ...crossing.map((field) => ({
      place: `input.${field}`,
      problem: joined.has(field)
        ? `"${field}" goes to a join alone: it would filter or sort among the rows that the sources happened to give. ${readModelFor(domain, whole)} If it only changes how what is joined looks, name it in "presentation".`
        : `"${field}" reaches no source: to filter or sort by it here would be to do so among the rows that happened to be fetched. Hand it to the source that has the rows, where that query takes it. ${readModelFor(domain, whole)}`,
    })),
  ];
}

function readModelFor(domain: Domain, { operation, composition: { sources, joins } }: Composition): string {
  const parts = [...Object.values(sources), ...Object.values(joins)];
  const owners = [...new Set(parts.map(({ query }) => domainOf(query.api)))].sort();
  const name = operation.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `Across domains that takes a read model: readModel(${domain.name}, "${name}", …), built from the events of ${owners.join(", ")}.`;
}

function namesIn({ input = {} }: Asking): readonly string[] {
  return Object.values(input).filter((from) => typeof from === "string");
}

function operationOf(domain: Domain, part: Asking): Operation | undefined {
  const need = declaredNeed(domain, String(part?.query?.api));
  if (need?.contract.kind !== "api") return undefined;
  const operations = need.contract.versions[need.version] ?? {};
  return Object.hasOwn(operations, part.query.operation) ? operations[part.query.operation] : undefined;
}

function fieldsOf({ input }: Operation): { readonly names: readonly string[]; readonly required: readonly string[] } {
  const { properties = {}, required = [] } = jsonSchemaOf(input, "input");
  return { names: Object.keys(properties as object), required: required as readonly string[] };
}
