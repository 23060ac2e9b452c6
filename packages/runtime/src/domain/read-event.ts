import type { LoggedEvent } from "@polder/bus";
import { conform, eventConversion, type Validated, validatorOf, violated } from "@polder/contracts";
import { type DeliveredEvent, type Domain, declaredNeed, majorOf } from "@polder/model";
import { runtimeErrors } from "../errors.ts";
import { userOf } from "./event-user.ts";

/**
 * Gives an event at the version that the domain needs, as a tolerant reader sees it. It answers at once where nothing has
 * to be waited for: most events are stored as they are needed, and a read model takes many of them.
 *
 * @throws `CONTRACT_VIOLATED` where it is not what its contract says, `EVENT_VERSION_UNKNOWN`, and what a converter throws.
 */
export type ReadEvent = (event: LoggedEvent) => DeliveredEvent | Promise<DeliveredEvent>;

/** Makes the one who reads the events that a domain needs. */
export function eventReader(domain: Domain): ReadEvent {
  const ways = new Map<string, Way>();
  return (event) => {
    const key = `${event.type} ${event.version}`;
    const way = ways.get(key) ?? wayOf(domain, event);
    // There are as many as versions are declared.
    ways.set(key, way);
    const read = way(event);
    return read instanceof Promise ? read.then((found) => delivered(event, found)) : delivered(event, read);
  };
}

function delivered(event: LoggedEvent, { version, data }: Versioned): DeliveredEvent {
  const { id, type: name, key, at, seq, headers } = event;
  return { id, name, version, key, data, at, seq, ...userOf(headers) };
}

interface Versioned {
  readonly version: string;
  readonly data: unknown;
}

/** From a stored event to its payload as it is needed. */
type Way = (event: LoggedEvent) => Versioned | Promise<Versioned>;

/** What is stored at another major is read at its own, and then brought up or down by the converters of the contract. */
function wayOf(domain: Domain, { type, version }: LoggedEvent): Way {
  const need = declaredNeed(domain, type);
  const contract = need?.contract.kind === "event" ? need.contract : undefined;
  const needed = contract === undefined ? undefined : need?.version;
  const schema = needed === undefined ? undefined : contract?.versions[needed];
  if (schema !== undefined && majorOf(version) === majorOf(needed ?? "")) {
    const check = validatorOf(schema, "reader");
    return (event) => {
      const checked = check(JSON.parse(event.data));
      const asStored = (found: Validated): Versioned => ({ version: event.version, data: payloadOf(found, event) });
      return checked instanceof Promise ? checked.then(asStored) : asStored(checked);
    };
  }
  const conversion =
    contract === undefined || needed === undefined
      ? undefined
      : eventConversion(contract, { from: version, to: needed });
  if (conversion === undefined) throw unknownVersion(domain, { type, version }, needed);
  return async (event) => {
    const read = await conform(conversion.stored, "reader", JSON.parse(event.data), nameOf(event));
    return { version: conversion.version, data: await conversion.convert(read) };
  };
}

function payloadOf(checked: Validated, event: LoggedEvent): unknown {
  if (checked.valid) return checked.value;
  throw violated(nameOf(event), checked.violations);
}

function nameOf({ type, id }: LoggedEvent): string {
  return `The event ${type} (${id})`;
}

function unknownVersion(
  { name }: Domain,
  { type, version }: Pick<LoggedEvent, "type" | "version">,
  needed = "no version",
): Error {
  return runtimeErrors.EVENT_VERSION_UNKNOWN(
    `"${name}" needs ${type} at ${needed}, but the log has it at ${version}, which its contract does not declare here. Roll out the contract that declares both, then retry the event.`,
    { event: type, version, needed },
  );
}
