import { type AnyEvent, type ApiCore, domainOf, jsonSchemaOf, publishedEvent } from "@polder/model";
import type { Project } from "@polder/runtime";
import { commandErrors } from "../errors.ts";
import { type DomainPlace, domainPlace, type Edits, exportWhere, importPath } from "./domain-place.ts";
import { exampleValue } from "./example-value.ts";

/** A contract that is there, and the file that declares it. */
export interface PublishedContract<C extends AnyEvent | ApiCore = AnyEvent | ApiCore> {
  readonly publisher: DomainPlace;
  readonly published: C;
  /** Of the contract in code. */
  readonly constant: string;
}

/** Finds an event of a project; throws `USAGE` with what is published instead. */
export async function publishedEventPlace(
  project: Project,
  event: string,
  option: string,
): Promise<PublishedContract<AnyEvent>> {
  const publisher = await domainPlace(project, domainOf(event));
  const { domain } = publisher.loaded.implementation;
  const published = publishedEvent(domain, event);
  const constant = await exportWhere(
    publisher.contract,
    (value) => value["kind"] === "event" && value["name"] === event,
  );
  if (published === undefined || constant === undefined) {
    const events = domain.publishes.filter(({ kind }) => kind === "event");
    throw commandErrors.USAGE(
      `Nothing was made: "${domainOf(event)}" publishes no event "${event}"; it publishes ${events.map((one) => one.name).join(", ") || "none"}.`,
      { argument: option },
    );
  }
  return { publisher, published, constant };
}

/** Finds several; throws as {@link publishedEventPlace} does. */
export async function publishedEventPlaces(
  project: Project,
  events: readonly string[],
  option: string,
): Promise<readonly PublishedContract<AnyEvent>[]> {
  const found: PublishedContract<AnyEvent>[] = [];
  for (const event of events) found.push(await publishedEventPlace(project, event, option));
  return found;
}

/** The version at which a domain needs a contract, or from now on will. */
export function versionNeeded({ loaded }: DomainPlace, { name, newest }: AnyEvent | ApiCore): string {
  return loaded.implementation.domain.needs.find(({ contract }) => contract.name === name)?.version ?? newest;
}

/** Adds the need of a contract to a declaration, unless it is there; `options` are code. */
export async function needContract(
  edits: Edits,
  place: DomainPlace,
  { publisher, published, constant }: PublishedContract,
  options = "",
): Promise<void> {
  if (place.loaded.implementation.domain.needs.some(({ contract }) => contract.name === published.name)) return;
  await edits.importInto(place.domain, "polder", ["need"]);
  await edits.importInto(place.domain, importPath(place.domain, publisher.contract), [constant]);
  await edits.putInto(place.domain, "needs: [", `need(${constant}, "${published.newest}"${options})`);
}

/** A payload of the newest version of an event. */
export function exampleOf({ versions, newest }: AnyEvent): object {
  const schema = versions[newest];
  return schema === undefined ? {} : Object(exampleValue(jsonSchemaOf(schema, "input")));
}
