/** A domain of this benchmark: one publishes, two consume. */
export type DomainName = "ordering" | "billing" | "shipping";

/** One way to deliver the same events. */
export interface Layout {
  /** Over both consuming domains. */
  readonly subscriptions: number;
  /** Processes that consume; each runs all subscriptions and gets a share of each. */
  readonly processes: number;
  /** Databases that the three domains live in. */
  readonly databases: number;
}

/** Everything that is measured, in the order of the first round. */
export const layouts: readonly Layout[] = [
  { subscriptions: 1, processes: 1, databases: 1 },
  { subscriptions: 4, processes: 1, databases: 1 },
  { subscriptions: 16, processes: 1, databases: 1 },
  { subscriptions: 16, processes: 2, databases: 1 },
  { subscriptions: 16, processes: 4, databases: 1 },
  { subscriptions: 16, processes: 1, databases: 2 },
  { subscriptions: 16, processes: 1, databases: 3 },
];

/** Processes that consume at most. */
export const PROCESSES_MAX: number = Math.max(...layouts.map(({ processes }) => processes));

/** The name of a layout in figures, such as `16s-1p-2d`. */
export function nameOf({ subscriptions, processes, databases }: Layout): string {
  return `${subscriptions}s-${processes}p-${databases}d`;
}

/**
 * The database of each domain. With one they share it; with two those that consume are together in the other one; with
 * three each has its own. Layouts with another number of databases have others: nothing is left over from one to the next.
 */
export function databasesOf(databases: number): Readonly<Record<DomainName, string>> {
  const nth = (domain: number): string => `fanout_${databases}_${Math.min(domain, databases)}`;
  return { ordering: nth(1), billing: nth(2), shipping: nth(3) };
}

/** Which consuming domain has which subscriptions: in turns, the first one to billing. */
export function subscriptionNames(
  subscriptions: number,
): readonly { readonly domain: DomainName; readonly name: string }[] {
  return Array.from({ length: subscriptions }, (_, number) => ({
    domain: number % 2 === 0 ? "billing" : "shipping",
    name: `reader-${number}`,
  }));
}
