import { domainOf } from "@polder/model";
import { schemaId } from "./json-schemas.ts";

/** An event as a domain's log has it. */
export interface LoggedEvent {
  readonly id: string;
  readonly type: string;
  readonly version: string;
  readonly key: string;
  readonly at: Date;
  /** Position in the publisher's log. */
  readonly seq: string | bigint;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, unknown>> | null;
}

/** A CloudEvent 1.0 in its JSON format, structured mode (media type `application/cloudevents+json`). */
export interface CloudEvent {
  readonly specversion: "1.0";
  readonly id: string;
  /** `/domains/<domain>`. */
  readonly source: string;
  /** The event's name, without its version: `payment.PaymentConfirmed`. */
  readonly type: string;
  /** The event's key. */
  readonly subject: string;
  /** When it was published (RFC 3339). */
  readonly time: string;
  readonly datacontenttype: "application/json";
  /** Names schema and version: `urn:polder:payment.PaymentConfirmed:1.0.0`. */
  readonly dataschema: string;
  /** The event's key, where a broker wants to know what stays in order (extension Partitioning). */
  readonly partitionkey: string;
  /** Position in the log of the source, in 19 digits: it orders as text (extension Sequence). */
  readonly sequence: string;
  /** The trace in which it was published (extension Distributed Tracing). */
  readonly traceparent?: string;
  readonly tracestate?: string;
  readonly data: unknown;
}

/** Digits of the largest position that a log can have. */
const SEQUENCE_DIGITS = 19;

/**
 * An event of a log as a CloudEvent 1.0, the envelope in which events leave Polder. The user on whose behalf it was
 * published and other headers stay inside.
 */
export function cloudEventOf({ id, type, version, key, at, seq, data, headers }: LoggedEvent): CloudEvent {
  const { traceparent, tracestate } = headers ?? {};
  return {
    specversion: "1.0",
    id,
    source: `/domains/${domainOf(type)}`,
    type,
    subject: key,
    time: at.toISOString(),
    datacontenttype: "application/json",
    dataschema: schemaId(type, version),
    partitionkey: key,
    sequence: String(seq).padStart(SEQUENCE_DIGITS, "0"),
    ...(typeof traceparent === "string" ? { traceparent } : {}),
    ...(typeof traceparent === "string" && typeof tracestate === "string" ? { tracestate } : {}),
    data,
  };
}
