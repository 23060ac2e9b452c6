import type { BrowsedEvent } from "@polder/bus";
import { type AnyEvent, isPolderError } from "@polder/model";
import { eventAtVersion, type LoadedDomain } from "@polder/runtime";
import { commandErrors } from "../errors.ts";

/** What a consumer at a version gets of an event: its data, or the error with which its delivery fails. */
export type EventAs =
  | { readonly asked: string; readonly version: string; readonly data: unknown }
  | { readonly asked: string; readonly error: { readonly code: string; readonly message: string } };

/**
 * Shows an event as its consumers at a version get it, by the contract as it is declared here.
 *
 * @throws `USAGE` where nobody declares that version.
 */
export async function eventAs(event: BrowsedEvent, asked: string, domains: readonly LoadedDomain[]): Promise<EventAs> {
  const contract = domains
    .flatMap(({ implementation }) => implementation.domain.publishes)
    .find((one): one is AnyEvent & typeof one => one.kind === "event" && one.name === event.type);
  const known = Object.keys(contract?.versions ?? {});
  if (contract === undefined || !known.includes(asked))
    throw commandErrors.USAGE(
      `No consumer can need ${event.type} at "${asked}": ${known.length === 0 ? "nobody publishes it any more" : `it is declared at ${known.join(", ")}`}.`,
      { argument: "--as" },
    );
  const stored = { ...event, data: structuredClone(event.data) };
  try {
    const { version, data } = await eventAtVersion(contract, stored, {
      reader: `A consumer at ${asked}`,
      needed: asked,
    });
    return { asked, version, data };
  } catch (error) {
    if (!isPolderError(error)) throw error;
    return { asked, error: { code: error.code, message: error.message } };
  }
}
