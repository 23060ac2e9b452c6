import type { Aggregate } from "./aggregate.ts";
import type { ApiCore, OperationRef } from "./api.ts";
import type { Event } from "./event.ts";
import { domainNameProblems, domainOf } from "./name.ts";
import { type Contract, type Need, needOptionProblems } from "./need.ts";
import { listProblems, type Problem, refuseProblems } from "./problems.ts";
import type { Team } from "./team.ts";

/** A bounded context with one owning team, its own data and its published contracts: the declaration, plain data. */
export interface Domain<
  Name extends string = string,
  Publishes extends readonly Contract[] = readonly Contract[],
  Needs extends readonly Need[] = readonly Need[],
> {
  readonly kind: "domain";
  readonly name: Name;
  readonly owner: Team;
  /** The business capability that the domain serves, in a few words. */
  readonly capability: string;
  readonly aggregates: readonly Aggregate[];
  readonly publishes: Publishes;
  readonly needs: Needs;
}

/** What a domain is declared with. */
export interface DomainShape<Publishes extends readonly Contract[], Needs extends readonly Need[]> {
  readonly owner: Team;
  readonly capability: string;
  readonly aggregates?: readonly Aggregate[];
  readonly publishes?: Publishes;
  readonly needs?: Needs;
}

/**
 * Declares a domain. The declaration imports no handler, so that anything may read it: handlers are
 * written against it, and the compiler holds them to what it publishes and needs.
 *
 * @throws `DECLARATION_INVALID` with every mistake and its place.
 */
export function domain<
  const Name extends string,
  const Publishes extends readonly Contract[] = readonly [],
  const Needs extends readonly Need[] = readonly [],
>(name: Name, shape: DomainShape<Publishes, Needs>): Domain<Name, Publishes, Needs> {
  const declared = {
    kind: "domain" as const,
    name,
    owner: shape?.owner,
    capability: shape?.capability,
    aggregates: shape?.aggregates ?? [],
    publishes: shape?.publishes ?? ([] as unknown as Publishes),
    needs: shape?.needs ?? ([] as unknown as Needs),
  };
  refuseProblems(`the domain "${name}"`, domainProblems(declared));
  return declared;
}

/** The event with a name, among what a domain publishes. */
export function publishedEvent(declared: Domain, name: string): Event | undefined {
  return declared.publishes.find((contract): contract is Event => contract.kind === "event" && contract.name === name);
}

/** The APIs that a domain publishes. */
export function publishedApis(declared: Domain): readonly ApiCore[] {
  return declared.publishes.filter((contract): contract is ApiCore => contract.kind === "api");
}

/** The use of a contract that a domain has declared, if it has. */
export function declaredNeed(declared: Domain, contractName: string): Need | undefined {
  return declared.needs.find((need) => need.contract.name === contractName);
}

/** That something is no domain: the module that declares it has not been loaded when two import each other. */
export function notDomainProblems(candidate: Domain | undefined): readonly Problem[] {
  if (candidate?.kind === "domain") return [];
  return [{ place: "domain", problem: "is no domain; write domain(…), in a file that does not import this one" }];
}

/** The APIs that a domain publishes, as a union of types. */
export type PublishedApi<D extends Domain> = Extract<D["publishes"][number], { readonly kind: "api" }>;
/** The events that a domain publishes, as a union of types. */
export type PublishedEvent<D extends Domain> = Extract<D["publishes"][number], { readonly kind: "event" }>;
/** References to the newest operations of the APIs that a domain publishes. */
export type PublishedOperation<D extends Domain> = OperationOf<PublishedApi<D>>;
type OperationOf<A> = A extends unknown ? Extract<A[keyof A], OperationRef> : never;
/** The APIs that a domain needs. */
export type NeededApi<D extends Domain> = Extract<D["needs"][number]["contract"], { readonly kind: "api" }>;
/** The events that a domain needs. */
export type NeededEvent<D extends Domain> = Extract<D["needs"][number]["contract"], { readonly kind: "event" }>;
/** The version at which a domain needs the contract with a name. */
export type NeededVersion<D extends Domain, Name extends string> =
  Extract<D["needs"][number], { readonly contract: { readonly name: Name } }> extends Need<infer _Used, infer V>
    ? V
    : never;

function domainProblems(declared: Domain): readonly Problem[] {
  return [
    ...domainNameProblems(declared.name, "name"),
    ...ownerProblems(declared.owner),
    ...(typeof declared.capability === "string" && declared.capability.trim() !== ""
      ? []
      : [{ place: "capability", problem: "is missing: say in a few words what the business gets from this domain" }]),
    ...listProblems(declared.aggregates, "aggregates", tableProblems),
    ...listProblems(declared.publishes, "publishes", (contracts) => [
      ...contracts.flatMap((contract, index) => publishedProblems(declared, contract, `publishes[${index}]`)),
      ...repeated(
        contracts.map((contract) => contract?.name),
        "publishes",
      ),
    ]),
    ...listProblems(declared.needs, "needs", (needs) => [
      ...needs.flatMap((need, index) => needProblems(declared, need, `needs[${index}]`)),
      ...repeated(
        needs.map((need) => need?.contract?.name),
        "needs",
      ),
    ]),
  ];
}

function ownerProblems(owner: Team | undefined): readonly Problem[] {
  if (owner?.kind !== "team")
    return [{ place: "owner", problem: "is missing: every domain has one accountable team; write owner: team(…)" }];
  if (!owner.name || !owner.contact) return [{ place: "owner", problem: "needs a name and a contact" }];
  return [];
}

const tableName = /^[a-z][a-z0-9_]*$/;

function tableProblems(aggregates: readonly Aggregate[]): readonly Problem[] {
  const keeper = new Map<string, string>();
  return aggregates.flatMap((candidate, index) => {
    const place = `aggregates[${index}]`;
    if (candidate?.kind !== "aggregate") return [{ place, problem: "is no aggregate; write aggregate(…)" }];
    if (typeof candidate.name !== "string" || candidate.name === "") return [{ place, problem: "has no name" }];
    return [candidate.root, ...candidate.parts].flatMap((table) => {
      const other = keeper.get(table);
      keeper.set(table, candidate.name);
      if (typeof table !== "string" || !tableName.test(table))
        return [
          {
            place,
            problem: `"${table}" is no table's name: lower-case letters, digits and underscores, beginning with a letter`,
          },
        ];
      if (other !== undefined)
        return [
          {
            place,
            problem: `"${table}" belongs to the aggregate "${other}" already; a table is kept by one aggregate`,
          },
        ];
      return [];
    });
  });
}

function publishedProblems(declared: Domain, contract: Contract, place: string): readonly Problem[] {
  if (contract?.kind !== "api" && contract?.kind !== "event")
    return [{ place, problem: "is no contract; write api(…) or event(…)" }];
  if (domainOf(contract.name) === declared.name) return [];
  return [
    {
      place,
      problem: `"${contract.name}" belongs to "${domainOf(contract.name)}"; a domain publishes only contracts named after itself`,
    },
  ];
}

function needProblems(declared: Domain, need: Need, place: string): readonly Problem[] {
  const contract = need?.contract;
  if (contract?.kind !== "api" && contract?.kind !== "event")
    return [{ place, problem: "is no use of a contract; write need(contract, version)" }];
  const problems: Problem[] = [];
  if (!(need.version in contract.versions)) {
    problems.push({
      place,
      problem: `"${contract.name}" has no version ${need.version}; it has ${Object.keys(contract.versions).join(", ")}`,
    });
  }
  if (contract.kind === "api" && domainOf(contract.name) === declared.name) {
    problems.push({
      place,
      problem: `"${contract.name}" is the domain's own API; inside a domain call the function itself`,
    });
  }
  return [...problems, ...needOptionProblems(need, place)];
}

function repeated(names: readonly (string | undefined)[], place: string): readonly Problem[] {
  const twice = names.filter((name, index) => name !== undefined && names.indexOf(name) !== index);
  return [...new Set(twice)].map((name) => ({ place, problem: `names "${name}" twice` }));
}
