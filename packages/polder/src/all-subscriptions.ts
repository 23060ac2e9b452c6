import type { Implementation } from "@polder/model";
import type { Database } from "@polder/postgres";
import { type Build, listBuilds } from "@polder/reading";

/** A subscription by its name, and the events that it wants. */
export interface WantedEvents {
  readonly name: string;
  readonly events: readonly string[];
}

/** The subscriptions of a domain, those by which its sagas wait for events, and those of builds of what it reads. */
export function allSubscriptions(
  { subscriptions, sagas, readModels, replicas }: Implementation,
  builds: readonly Pick<Build, "copy" | "subscription">[],
): readonly WantedEvents[] {
  const copies = [...readModels, ...replicas];
  return [
    ...subscriptions,
    ...sagas.map(({ name, waits }) => ({ name: `saga-${name}`, events: Object.keys(waits) })),
    ...builds.flatMap(({ copy, subscription: name }) => {
      const copied = copies.find((one) => one.name === copy);
      return copied === undefined ? [] : [{ name, events: copied.events }];
    }),
  ];
}

/** All subscriptions of a domain that there are in its database, or that its code declares. */
export async function subscriptionsIn(
  database: Database,
  implementation: Implementation,
): Promise<readonly WantedEvents[]> {
  return allSubscriptions(implementation, await listBuilds(database, implementation.domain.name));
}
