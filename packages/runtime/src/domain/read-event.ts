import type { LoggedEvent } from "@polder/bus";
import { type DeliveredEvent, type Domain, declaredNeed } from "@polder/model";
import { type EventReading, eventReading, unreadableVersion, type VersionedData } from "./event-at-version.ts";
import { userOf } from "./event-user.ts";

/**
 * Gives an event at the version that the domain needs, as a tolerant reader sees it. It answers at once where nothing has
 * to be waited for: most events are stored as they are needed, and a read model takes many of them.
 */
export type ReadEvent = (event: LoggedEvent) => DeliveredEvent | Promise<DeliveredEvent>;

/**
 * Makes the one who reads the events that a domain needs. What `eventReading` throws, it rejects with and never throws:
 * who reads many at once would be thrown out of waiting for the others, and a rejection that nobody awaits ends the process.
 */
export function eventReader(domain: Domain): ReadEvent {
  const readings = new Map<string, EventReading>();
  return (event) => {
    try {
      const key = `${event.type} ${event.version}`;
      const reading = readings.get(key) ?? readingOf(domain, event);
      // There are as many as versions are declared: of another one there is no reading.
      readings.set(key, reading);
      const read = reading({ ...event, data: JSON.parse(event.data) as unknown });
      return read instanceof Promise ? read.then((found) => delivered(event, found)) : delivered(event, read);
    } catch (error) {
      return Promise.reject(error);
    }
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
