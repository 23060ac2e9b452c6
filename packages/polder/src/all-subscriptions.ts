import type { Implementation } from "@polder/model";

/** A subscription by its name, and the events that it wants. */
export interface WantedEvents {
  readonly name: string;
  readonly events: readonly string[];
}

/** The subscriptions of a domain, and those by which its sagas wait for events. */
export function allSubscriptions({ subscriptions, sagas }: Implementation): readonly WantedEvents[] {
  return [...subscriptions, ...sagas.map(({ name, waits }) => ({ name: `saga-${name}`, events: Object.keys(waits) }))];
}
