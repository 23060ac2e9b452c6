import type { Problem } from "./problems.ts";

/** Names become schemas, roles and paths, so they are plain: `order`, `product-catalog`. */
const hyphenated = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const memberName = /^[a-z][a-zA-Z0-9]*$/;

/** Longest name of a domain: `<domain>_owner` must fit into PostgreSQL's 63 bytes, with room. */
const DOMAIN_NAME_LENGTH_MAX = 40;

/** Longest name of a subscription: it is part of keys and of what operators type, so it is held to PostgreSQL's 63 bytes. */
const SUBSCRIPTION_NAME_LENGTH_MAX = 63;

/** As whom the gateway calls; no domain has this name. */
export const GATEWAY = "gateway";

/** As whom the registry's process goes to the database; no domain has this name. */
export const REGISTRY = "registry";

/** Names that PostgreSQL or Polder itself uses in the same places; the gateway serves documents below `/contracts`. */
const taken = new Set([
  "polder",
  GATEWAY,
  REGISTRY,
  "contracts",
  "public",
  "postgres",
  "pg-catalog",
  "information-schema",
]);

/** What is wrong with a domain's name, if anything. */
export function domainNameProblems(name: string, place: string): readonly Problem[] {
  if (typeof name !== "string" || !hyphenated.test(name)) {
    return [
      {
        place,
        problem: `${JSON.stringify(name)} is not a domain's name: lower-case words joined by hyphens, such as "order" or "product-catalog"`,
      },
    ];
  }
  if (name.length > DOMAIN_NAME_LENGTH_MAX)
    return [{ place, problem: `"${name}" is longer than ${DOMAIN_NAME_LENGTH_MAX} characters` }];
  if (taken.has(name) || name.startsWith("pg-"))
    return [{ place, problem: `"${name}" is reserved; choose another name` }];
  return [];
}

/** What is wrong with the name of an operation, if anything. */
export function operationNameProblems(name: string, place: string): readonly Problem[] {
  if (memberName.test(name)) return [];
  return [
    {
      place,
      problem: `"${name}" is not an operation's name: it begins with a lower-case letter and has letters and digits only, such as "checkAvailability"`,
    },
  ];
}

/** What is wrong with the name of an event, such as `order.OrderPlaced`, if anything. */
export function eventNameProblems(name: string, place: string): readonly Problem[] {
  const problems = [...domainNameProblems(domainOf(name), place)];
  const [, fact = "", ...more] = String(name ?? "").split(".");
  if (!/^[A-Z][A-Za-z0-9]*$/.test(fact) || more.length > 0) {
    problems.push({
      place,
      problem: `"${name}" is no event's name: the domain, a point, and what happened, such as "order.OrderPlaced"`,
    });
  }
  return problems;
}

/** What is wrong with the name of a subscription, if anything. */
export function subscriptionNameProblems(name: string, place: string): readonly Problem[] {
  if (typeof name !== "string" || !hyphenated.test(name))
    return [{ place, problem: `"${name}" is no subscription's name: lower-case words joined by hyphens` }];
  if (name.length > SUBSCRIPTION_NAME_LENGTH_MAX)
    return [{ place, problem: `"${name}" is longer than ${SUBSCRIPTION_NAME_LENGTH_MAX} characters` }];
  return [];
}

/** Longest name of a read model or replica: its subscriptions and its schema are named after it. */
const COPY_NAME_LENGTH_MAX = 40;

/** What is wrong with the name of a read model or a replica, if anything. */
export function copyNameProblems(name: string, place: string): readonly Problem[] {
  if (typeof name === "string" && hyphenated.test(name) && name.length <= COPY_NAME_LENGTH_MAX) return [];
  const rule = `lower-case words joined by hyphens, at most ${COPY_NAME_LENGTH_MAX} characters, such as "order-history"`;
  return [{ place, problem: `${JSON.stringify(name)} is no name of a read model or replica: ${rule}` }];
}

/** The domain that a contract's name belongs to: what stands before the first point. */
export function domainOf(contractName: string): string {
  return String(contractName ?? "").split(".", 1)[0] ?? "";
}

/** The schema of a domain in PostgreSQL: its name with underscores. */
export function schemaName(domain: string): string {
  return domain.replaceAll("-", "_");
}
