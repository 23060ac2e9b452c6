import type { AnyApi, ApiCore, Operations } from "./api.ts";
import type { Event } from "./event.ts";
import type { Operation } from "./operation.ts";
import type { Problem } from "./problems.ts";
import type { SchemaInput, SchemaOutput } from "./schema.ts";

/** What a domain can publish. */
export type Contract = AnyApi | Event;

/** What stands in for the answer of a query, whatever its types: a pure function. */
export type Fallback = (input: never) => unknown;

/**
 * For queries of one version of an API: a pure function from the input, defaults filled in, to an output of the
 * contract.
 */
export type Fallbacks<Ops extends Operations> = {
  readonly [Name in keyof Ops as Ops[Name]["kind"] extends "query" ? Name : never]?: Ops[Name] extends Operation<
    "query",
    infer Input,
    infer Output
  >
    ? (input: SchemaOutput<Input>) => SchemaInput<Output>
    : never;
};

/** What a domain says about its need of an API. */
export interface ApiNeedOptions<Ops extends Operations = Operations> {
  /**
   * A domain does not start where nobody serves what is essential to it; without the rest it starts, and the calls
   * fail, or their fallbacks answer. Default true.
   */
  readonly essential?: boolean;
  /**
   * What answers a query whose call failed because the other side is down, slow or broken; never where it refused, or
   * where the call itself was wrong.
   */
  readonly fallbacks?: Fallbacks<Ops>;
  /**
   * What is asked there must be the owner's own answer of this moment: no replica and no read model of its events may stand
   * beside it here, and nothing stands in for an answer. Default: whatever the domain finds good enough.
   */
  readonly consistency?: "strong";
  /**
   * Milliseconds after which a query that has no answer yet is sent a second time: the first answer counts, the other
   * attempt is given up. Calls inside one process are never sent twice. Default: never.
   */
  readonly hedgeAfterMs?: number;
}

/** What may be said about the need of a contract: an event is not called, so there is nothing to say about it. */
export type NeedOptions<Used extends Contract, V extends keyof Used["versions"]> = Used extends ApiCore
  ? ApiNeedOptions<Used["versions"][V]>
  : undefined;

/** A contract of another domain that a domain uses, at a version. */
export interface Need<Used extends Contract = Contract, V extends string = string> {
  readonly contract: Used;
  readonly version: V;
  /** False where the domain works without it. */
  readonly essential: boolean;
  readonly fallbacks?: Readonly<Record<string, Fallback>>;
  readonly consistency?: "strong";
  readonly hedgeAfterMs?: number;
}

/**
 * Declares the use of a contract: `need(Inventory, "1.0.0")`. For an API it may say how the domain lives with its
 * failure: `need(Reviews, "1.0.0", { essential: false, fallbacks: { stars: () => ({ stars: null }) } })`.
 */
export function need<Used extends Contract, V extends keyof Used["versions"] & string>(
  contract: Used,
  version: V,
  options?: NeedOptions<Used, V>,
): Need<Used, V> {
  const said: Omit<Need, "contract" | "version"> = { essential: true, ...(options as Partial<Need> | undefined) };
  return { ...said, contract, version };
}

const optionNames: readonly string[] = ["essential", "fallbacks", "consistency", "hedgeAfterMs"];

/** Longest wait that a timer of Node takes. */
const HEDGE_MS_MAX = 2_147_483_647;

/** What is wrong with what a need says beside its contract and its version. */
export function needOptionProblems(need: Need, place: string): readonly Problem[] {
  const { contract, version, ...options } = need;
  const given: readonly string[] = Object.keys(options);
  const unknown = given
    .filter((name) => !optionNames.includes(name))
    .map((name) => ({ place: `${place}.${name}`, problem: `is no option; there are ${optionNames.join(", ")}` }));
  if (contract.kind === "event") {
    const meant = given.filter((name) => optionNames.includes(name) && !(name === "essential" && options.essential));
    const problem = `is for APIs; the event "${contract.name}" is not called`;
    return [...unknown, ...meant.map((name) => ({ place: `${place}.${name}`, problem }))];
  }
  const problems: Problem[] = [...unknown];
  if (typeof options.essential !== "boolean")
    problems.push({ place: `${place}.essential`, problem: "must be true or false" });
  const { hedgeAfterMs, consistency } = options;
  if (consistency !== undefined && consistency !== "strong")
    problems.push({ place: `${place}.consistency`, problem: 'must be "strong", or be left out' });
  if (consistency === "strong" && Object.keys(options.fallbacks ?? {}).length > 0)
    problems.push({ place: `${place}.fallbacks`, problem: "stand in for an answer that was asked for to be strong" });
  if (
    hedgeAfterMs !== undefined &&
    !(Number.isInteger(hedgeAfterMs) && hedgeAfterMs > 0 && hedgeAfterMs <= HEDGE_MS_MAX)
  )
    problems.push({ place: `${place}.hedgeAfterMs`, problem: "must be a whole number of milliseconds above 0" });
  const operations = contract.versions[version];
  return operations === undefined
    ? problems
    : [...problems, ...fallbackProblems(need, operations, `${place}.fallbacks`)];
}

function fallbackProblems(
  { contract, version, fallbacks }: Need,
  operations: Operations,
  place: string,
): readonly Problem[] {
  if (fallbacks === undefined) return [];
  if (typeof fallbacks !== "object" || fallbacks === null)
    return [{ place, problem: "is no object; write fallbacks: { query: (input) => output }" }];
  return Object.entries(fallbacks).flatMap(([name, fallback]) => {
    const at = `${place}.${name}`;
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (operation === undefined)
      return [{ place: at, problem: `"${contract.name}" has no operation "${name}" at ${version}` }];
    if (operation.kind !== "query")
      return [{ place: at, problem: "is a command; nothing can stand in for what a command does" }];
    return typeof fallback === "function" ? [] : [{ place: at, problem: "is no function; write (input) => output" }];
  });
}
