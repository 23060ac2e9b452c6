import type { LoggedEvent } from "@polder/bus";
import { type DeliveredEvent, type Domain, declaredNeed } from "@polder/model";
import { type EventReading, eventReading, unreadableVersion, type VersionedData } from "./event-at-version.ts";
import { userOf } from "./event-user.ts";

/** Gives events at the versions that the domain needs, as a tolerant reader sees them. */
export type ReadEvents = (events: readonly LoggedEvent[]) => Promise<readonly DeliveredEvent[]>;

/** Makes the one who reads the events that a domain needs. It throws what `eventReading` throws. */
export function eventsReader(domain: Domain): ReadEvents {
  const readings = new Map<string, EventReading>();
  return async (events) => {
    const read: DeliveredEvent[] = [];
    for (const event of events) {
      const key = `${event.type} ${event.version}`;
      const reading = readings.get(key) ?? readingOf(domain, event);
      // There are as many as versions are declared: of another one there is no reading.
      readings.set(key, reading);
      const found = reading({ ...event, data: JSON.parse(event.data) as unknown });
      // Most events are stored as they are needed, and a read model takes many of them: they are not waited for.
      read.push(delivered(event, found instanceof Promise ? await found : found));
    }
    return read;
  };
}

function readingOf(domain: Domain, event: LoggedEvent): EventReading {
  const need = declaredNeed(domain, event.type);
  const reader = `"${domain.name}"`;
  if (need?.contract.kind !== "event") throw unreadableVersion(event, { reader, needed: "no version" });
  return eventReading(need.contract, event, { reader, needed: need.version });
}

function delivered(event: LoggedEvent, { version, data }: VersionedData): DeliveredEvent {
  const { id, type: name, key, at, seq, headers } = event;
  return { id, name, version, key, data, at, seq, ...userOf(headers) };
}
