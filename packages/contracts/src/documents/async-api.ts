import {
  type AnyEvent,
  type Domain,
  domainOf,
  isVersion,
  type JsonSchema,
  type Need,
  newestVersion,
} from "@polder/model";
import type { EventDocument } from "../document/contract-document.ts";
import { describeContract } from "../document/describe-contract.ts";
import { type Components, collectComponents } from "./components.ts";
import { contactOf } from "./contact.ts";
import { asDraft07 } from "./draft-07.ts";
import { read, schemaId } from "./json-schemas.ts";

/** An AsyncAPI document, as plain JSON. */
export type AsyncApiDocument = Readonly<Record<string, unknown>>;

/**
 * The AsyncAPI 3.1 document of a domain: what it publishes, in all versions, and what it gets of others, at the
 * versions that it needs. A channel is the log of a domain. Payloads are schemas of draft-07, open for more fields;
 * headers are the attributes of the CloudEvent that each event is outside Polder.
 */
export function asyncApiOf(domain: Domain): AsyncApiDocument {
  const components = collectComponents();
  const published = domain.publishes.filter(
    (contract): contract is AnyEvent & typeof contract => contract.kind === "event",
  );
  const needed = domain.needs.filter(({ contract }) => contract.kind === "event");
  const all = [
    ...published.flatMap((event) => Object.keys(event.versions).map((version) => describedEvent(event, version))),
    ...needed.map(({ contract, version }) => describedEvent(contract as AnyEvent, version)),
  ];
  const channels = new Map<string, Record<string, unknown>>();
  for (const document of all) {
    const messages = channels.get(domainOf(document.name)) ?? {};
    messages[messageId(document)] = messageOf(document, components);
    channels.set(domainOf(document.name), messages);
  }
  const operations = [...published.map(sending), ...needed.map(receiving)];
  const schemas = Object.entries(components.schemas()).map(([name, schema]) => [name, asDraft07(schema)]);
  return {
    asyncapi: "3.1.0",
    info: {
      title: domain.name,
      version: documentVersion(published),
      description: domain.capability,
      contact: contactOf(domain.owner),
      tags: [{ name: domain.name }],
    },
    defaultContentType: "application/json",
    channels: Object.fromEntries([...channels].map(([name, messages]) => [name, channelOf(name, messages)])),
    operations: Object.fromEntries(operations),
    ...(schemas.length === 0 ? {} : { components: { schemas: Object.fromEntries(schemas) } }),
  };
}

function describedEvent(event: AnyEvent, version: string): EventDocument {
  return describeContract(event, version) as EventDocument;
}

/** The document has no version of its own: it is as new as the newest event in it. */
function documentVersion(published: readonly AnyEvent[]): string {
  return newestVersion(published.map(({ newest }) => newest).filter(isVersion)) ?? "0.0.0";
}

function channelOf(domain: string, messages: object): object {
  return {
    address: `/domains/${domain}`,
    title: `The log of ${domain}`,
    description: "Events of one key come in the order in which they happened.",
    messages,
  };
}

function messageOf(document: EventDocument, components: Components): object {
  const { name, version, key, schema } = document;
  return {
    name,
    title: `${name} ${version}`,
    contentType: "application/json",
    headers: headersOf(document),
    payload: components.name(messageId(document), read(schema), ownerOf(name)),
    "x-key": key,
    "x-version": version,
    "x-dataschema": schemaId(name, version),
  };
}

function headersOf({ name, version, key }: EventDocument): JsonSchema {
  const text = (description: string): JsonSchema => ({ type: "string", description });
  return {
    type: "object",
    description: "The attributes of a CloudEvent 1.0; how they are written is up to what carries them.",
    required: ["id", "source", "type", "subject", "time", "dataschema"],
    properties: {
      id: { type: "string", format: "uuid", description: "The same at every delivery." },
      source: { const: `/domains/${domainOf(name)}` },
      type: { const: name },
      dataschema: { const: schemaId(name, version) },
      subject: text(`The key: the value of ${key}.`),
      partitionkey: text("The key again: what stays in order."),
      sequence: text("Position in the log, in 19 digits."),
      time: { type: "string", format: "date-time", description: "When it was published." },
      traceparent: text("The trace in which it was published, where there is one."),
      tracestate: text("What else is known of that trace."),
    },
  };
}

function sending(event: AnyEvent): readonly [string, object] {
  const message = { name: event.name, version: event.newest };
  return [`publish${factOf(event.name)}`, operationOf("send", message, `Publishes ${event.name}.`)];
}

function receiving({ contract, version }: Need): readonly [string, object] {
  const name = `receive${factOf(contract.name)}From${capitalised(domainOf(contract.name))}`;
  return [name, operationOf("receive", { name: contract.name, version }, `Handles ${contract.name} at ${version}.`)];
}

function operationOf(
  action: "send" | "receive",
  message: Pick<EventDocument, "name"> & { readonly version: string },
  summary: string,
): object {
  const channel = `#/channels/${domainOf(message.name)}`;
  return {
    action,
    summary,
    channel: { $ref: channel },
    messages: [{ $ref: `${channel}/messages/${messageId(message)}` }],
  };
}

function messageId({ name, version }: { readonly name: string; readonly version: string }): string {
  return `${factOf(name)}-${version}`;
}

function ownerOf(name: string): string {
  return capitalised(domainOf(name));
}

function factOf(name: string): string {
  return name.slice(domainOf(name).length + 1);
}

function capitalised(name: string): string {
  return name.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
