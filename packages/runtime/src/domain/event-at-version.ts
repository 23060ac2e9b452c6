import { conform, eventConversion } from "@polder/contracts";
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

/**
 * An event as a consumer at a version gets it. What is stored at another major is read at its own, and then brought up or
 * down by the converters of the contract; what is stored at another minor is read as it is. It may fill defaults into the
 * stored data.
 *
 * @throws `EVENT_VERSION_UNKNOWN` where the contract does not declare both majors, `CONTRACT_VIOLATED` where what is
 * stored is not what it should be, `CONVERSION_FAILED`, `CONVERSION_IMPOSSIBLE`.
 */
export async function eventAtVersion(
  contract: AnyEvent,
  event: StoredEvent,
  { reader, needed }: EventReader,
): Promise<VersionedData> {
  const what = `The event ${event.type} (${event.id})`;
  const schema = contract.versions[needed];
  if (schema !== undefined && majorOf(event.version) === majorOf(needed))
    return { version: event.version, data: await conform(schema, "reader", event.data, what) };
  const conversion = eventConversion(contract, { from: event.version, to: needed });
  if (conversion === undefined) throw unreadableVersion(event, { reader, needed });
  const read = await conform(conversion.stored, "reader", event.data, what);
  return { version: conversion.version, data: await conversion.convert(read) };
}

/** The error of an event whose version its reader's contract does not declare. */
export function unreadableVersion(event: Omit<StoredEvent, "data">, { reader, needed }: EventReader): Error {
  return runtimeErrors.EVENT_VERSION_UNKNOWN(
    `${reader} needs ${event.type} at ${needed}, but the log has it at ${event.version}, which its contract does not declare here. Roll out the contract that declares both, then retry the event.`,
    { event: event.type, version: event.version, needed },
  );
}
