import type { ApiCore } from "./api.ts";
import { type Copied, copiesProblems } from "./copies-problems.ts";
import { type Domain, notDomainProblems, type PublishedApi, publishedApis } from "./domain.ts";
import type { Handler } from "./handler.ts";
import { subscriptionNameProblems } from "./name.ts";
import { listProblems, type Problem, refuseProblems } from "./problems.ts";
import type { ReadModel } from "./read-model.ts";
import type { Replica } from "./replica.ts";
import { type Saga, sagasProblems } from "./saga.ts";
import type { Subscription } from "./subscription.ts";
import { optionProblems } from "./subscription-options.ts";

/** The handlers of every API that a domain publishes: one for each operation of the newest version. */
export type ApiHandlers<D extends Domain> = {
  readonly [A in PublishedApi<D> as A["name"]]: {
    readonly [OperationName in keyof A["versions"][A["newest"]] & string]: Handler<A["name"], OperationName>;
  };
};

/** What implements a domain. A domain without APIs may leave `apis` out. */
export type ImplementationShape<D extends Domain> = ([PublishedApi<D>] extends [never]
  ? { readonly apis?: Record<string, never> }
  : { readonly apis: ApiHandlers<D> }) & {
  readonly subscriptions?: readonly Subscription[];
  readonly sagas?: readonly Saga[];
  readonly readModels?: readonly ReadModel[];
  readonly replicas?: readonly Replica[];
};

/** A domain and the code that runs it. */
export interface Implementation {
  readonly kind: "implementation";
  readonly domain: Domain;
  /** Handlers by API and operation. */
  readonly apis: Readonly<Record<string, Readonly<Record<string, Handler>>>>;
  readonly subscriptions: readonly Subscription[];
  readonly sagas: readonly Saga[];
  readonly readModels: readonly ReadModel[];
  readonly replicas: readonly Replica[];
}

/**
 * Puts a declaration and its code together; the default export of a domain's `index.ts`.
 *
 * @throws `DECLARATION_INVALID` with every missing or foreign handler and subscription.
 */
export function implement<D extends Domain>(domain: D, shape: ImplementationShape<D>): Implementation {
  refuseProblems("an implementation", notDomainProblems(domain));
  const apis = (shape?.apis ?? {}) as Implementation["apis"];
  const subscriptions = shape?.subscriptions ?? [];
  const sagas = shape?.sagas ?? [];
  const readModels = shape?.readModels ?? [];
  const replicas = shape?.replicas ?? [];
  // What is no list, or no copy, is a mistake of its own.
  const lists: readonly (readonly Copied[])[] = [readModels, replicas].filter((list) => Array.isArray(list));
  const copies = lists.flat().filter((copy) => copy?.name !== undefined);
  refuseProblems(`the implementation of "${domain.name}"`, [
    ...publishedApis(domain).flatMap((api) => handlerProblems(domain, api, apis[api.name] ?? {})),
    ...Object.keys(apis)
      .filter((name) => !publishedApis(domain).some((api) => api.name === name))
      .map((name) => ({ place: `apis["${name}"]`, problem: `"${domain.name}" publishes no API "${name}"` })),
    ...listProblems(subscriptions, "subscriptions", (all) => subscriptionProblems(domain, all)),
    ...listProblems(sagas, "sagas", (all) => sagasProblems(domain, all)),
    ...listProblems(readModels, "readModels", (all) => copiesProblems(domain, all, "readModels")),
    ...listProblems(replicas, "replicas", (all) => copiesProblems(domain, all, "replicas")),
    ...repeatedProblems(copies),
    ...Object.entries(apis).flatMap(([api, handlers]) => readsProblems(handlers, `apis["${api}"]`, copies)),
  ]);
  return { kind: "implementation", domain, apis, subscriptions, sagas, readModels, replicas };
}

function handlerProblems(
  domain: Domain,
  api: ApiCore,
  handlers: Readonly<Record<string, Handler>>,
): readonly Problem[] {
  const operations = Object.keys(api.versions[api.newest] ?? {});
  const missing = operations
    .filter((operation) => handlers[operation]?.kind !== "handler")
    .map((operation) => ({
      place: `apis["${api.name}"].${operation}`,
      problem: "has no handler; write handler(domain, operation, …)",
    }));
  const foreign = Object.entries(handlers)
    .filter(
      ([name, found]) =>
        found?.kind === "handler" &&
        (found.api !== api.name || found.operation !== name || found.domain !== domain.name),
    )
    .map(([name, found]) => ({
      place: `apis["${api.name}"].${name}`,
      problem: `is the handler of ${found.domain}'s "${found.api}.${found.operation}"`,
    }));
  return [...missing, ...foreign];
}

function repeatedProblems(copies: readonly Copied[]): readonly Problem[] {
  const names = copies.map(({ name }) => name);
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].map((name) => ({
    place: "readModels",
    problem: `"${name}" is the name of two read models or replicas`,
  }));
}

/** What a handler reads must be kept by somebody. */
function readsProblems(
  handlers: Readonly<Record<string, Handler>>,
  place: string,
  copies: readonly Copied[],
): readonly Problem[] {
  return Object.entries(handlers ?? {}).flatMap(([operation, found]) =>
    (found?.reads ?? [])
      .filter((name) => !copies.some((copy) => copy.name === name))
      .map((name) => ({
        place: `${place}.${operation}`,
        problem: `reads "${name}", which is not among the read models and replicas here`,
      })),
  );
}

function subscriptionProblems(domain: Domain, subscriptions: readonly Subscription[]): readonly Problem[] {
  return subscriptions.flatMap((found, index) => {
    const place = `subscriptions[${index}]`;
    if (found?.kind !== "subscription")
      return [{ place, problem: "is no subscription; write subscription(domain, name, …)" }];
    const problems: Problem[] = optionProblems(found.options, place);
    if (found.domain !== domain.name) problems.push({ place, problem: `belongs to "${found.domain}"` });
    problems.push(...subscriptionNameProblems(found.name, place));
    if (found.events.length === 0) problems.push({ place, problem: `"${found.name}" handles no event` });
    if (subscriptions.slice(0, index).some((other) => other?.kind === "subscription" && other.name === found.name))
      problems.push({ place, problem: `"${found.name}" stands twice` });
    const kept = reservedPrefixes.find((prefix) => found.name?.startsWith?.(prefix));
    if (kept !== undefined)
      problems.push({
        place,
        problem: `"${found.name}" begins with "${kept}", which is kept for what Polder subscribes itself`,
      });
    for (const event of found.events) {
      const needed = domain.needs.some((need) => need.contract.kind === "event" && need.contract.name === event);
      if (!needed)
        problems.push({
          place,
          problem: `"${found.name}" handles "${event}", which the domain does not need; add need(…) to its declaration`,
        });
    }
    return problems;
  });
}

/** Of subscriptions that follow from sagas, read models and replicas. */
const reservedPrefixes = ["saga-", "read-model-", "replica-"];
