import { conform, eventConversion, type Validated, validatorOf, violated } from "@polder/contracts";
import { type AnyEvent, majorOf } from "@polder/model";
import { runtimeErrors } from "../errors.ts";

/** An event as it is stored. */
export interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly version: string;
  readonly data: unknown;
}

/** Who reads an event, in words, and at which version. */
export interface EventReader {
  readonly reader: string;
  readonly needed: string;
}

/** The data of an event at a version. */
export interface VersionedData {
  readonly version: string;
  readonly data: unknown;
}

/** Reads events that are stored at one version. It may fill defaults into the stored data. */
export type EventReading = (event: StoredEvent) => VersionedData | Promise<VersionedData>;

/**
 * How events of a stored version are read by a consumer at another one. What is stored at another major is read at its own,
 * and then brought up or down by the converters of the contract; what is stored at another minor is read as it is, and at
 * once, unless its schema has to wait for something.
 *
 * The reading throws `CONTRACT_VIOLATED` where what is stored is not what it should be, `CONVERSION_FAILED` and
 * `CONVERSION_IMPOSSIBLE`.
 *
 * @throws `EVENT_VERSION_UNKNOWN` where the contract does not declare both majors.
 */
export function eventReading(
  contract: AnyEvent,
  { type, version }: Pick<StoredEvent, "type" | "version">,
  { reader, needed }: EventReader,
): EventReading {
  const schema = contract.versions[needed];
  if (schema !== undefined && majorOf(version) === majorOf(needed)) {
    const check = validatorOf(schema, "reader");
    return (event) => {
      const checked = check(event.data);
      return checked instanceof Promise ? checked.then((found) => asStored(found, event)) : asStored(checked, event);
    };
  }
  const conversion = eventConversion(contract, { from: version, to: needed });
  if (conversion === undefined) throw unreadableVersion({ type, version }, { reader, needed });
  return async (event) => {
    const read = await conform(conversion.stored, "reader", event.data, nameOf(event));
    return { version: conversion.version, data: await conversion.convert(read) };
  };
}

/** One event as a consumer at a version gets it. Throws what {@link eventReading} and its reading throw. */
export async function eventAtVersion(
  contract: AnyEvent,
  event: StoredEvent,
  wanted: EventReader,
): Promise<VersionedData> {
  return await eventReading(contract, event, wanted)(event);
}

/** The error of an event whose version its reader's contract does not declare. */
export function unreadableVersion(
  { type, version }: Pick<StoredEvent, "type" | "version">,
  { reader, needed }: EventReader,
): Error {
  return runtimeErrors.EVENT_VERSION_UNKNOWN(
    `${reader} needs ${type} at ${needed}, but the log has it at ${version}, which its contract does not declare here. Roll out the contract that declares both, then retry the event.`,
    { event: type, version, needed },
  );
}

function asStored(checked: Validated, event: StoredEvent): VersionedData {
  if (checked.valid) return { version: event.version, data: checked.value };
  throw violated(nameOf(event), checked.violations);
}

function nameOf({ type, id }: StoredEvent): string {
  return `The event ${type} (${id})`;
}
