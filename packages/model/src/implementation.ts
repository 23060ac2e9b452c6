import type { ApiCore } from "./api.ts";
import { type Domain, notDomainProblems, type PublishedApi, publishedApis } from "./domain.ts";
import type { Handler } from "./handler.ts";
import { subscriptionNameProblems } from "./name.ts";
import { listProblems, type Problem, refuseProblems } from "./problems.ts";
import { type Saga, sagasProblems } from "./saga.ts";
import type { Subscription, SubscriptionOptions } from "./subscription.ts";

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
};

/** A domain and the code that runs it. */
export interface Implementation {
  readonly kind: "implementation";
  readonly domain: Domain;
  /** Handlers by API and operation. */
  readonly apis: Readonly<Record<string, Readonly<Record<string, Handler>>>>;
  readonly subscriptions: readonly Subscription[];
  readonly sagas: readonly Saga[];
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
  refuseProblems(`the implementation of "${domain.name}"`, [
    ...publishedApis(domain).flatMap((api) => handlerProblems(domain, api, apis[api.name] ?? {})),
    ...Object.keys(apis)
      .filter((name) => !publishedApis(domain).some((api) => api.name === name))
      .map((name) => ({ place: `apis["${name}"]`, problem: `"${domain.name}" publishes no API "${name}"` })),
    ...listProblems(subscriptions, "subscriptions", (all) => subscriptionProblems(domain, all)),
    ...listProblems(sagas, "sagas", (all) => sagasProblems(domain, all)),
  ]);
  return { kind: "implementation", domain, apis, subscriptions, sagas };
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
    if (found.name?.startsWith?.("saga-"))
      problems.push({
        place,
        problem: `"${found.name}" begins with "saga-", which is kept for sagas that wait for events`,
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

function optionProblems(options: SubscriptionOptions, place: string): Problem[] {
  return (["attemptsMax", "backoffMs", "backoffMaxMs", "batchSizeMax", "timeoutMs"] as const)
    .filter((name) => options[name] !== undefined && !(Number.isInteger(options[name]) && options[name] > 0))
    .map((name) => ({ place: `${place}.options.${name}`, problem: "must be a whole number above 0" }));
}
