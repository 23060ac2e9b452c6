import { domainNameProblems, domainOf, eventNameProblems } from "./name.ts";

/**
 * What a transaction has published, so that a query can be asked for an answer that is not older. As text it is the
 * token that callers get and hand on; only Polder looks into it.
 *
 * It names the transaction and not a place in the log, because that is given later: when the relay has moved the events.
 */
export interface Position {
  /** The domain that published. */
  readonly publisher: string;
  /** The database in which it did: 16 hexadecimal digits. Elsewhere the transaction's id means nothing. */
  readonly deployment: string;
  /** The transaction's id, a number below 2^64 as text. */
  readonly xid: string;
  /** The names of the events. Without them they may be any that the domain publishes. */
  readonly events?: readonly string[];
  /** Of the events the one that comes last in the log: its UUID. */
  readonly last?: string;
  /** The fingerprints of the events' keys, 8 characters each, at most {@link POSITION_KEYS_MAX}. Without them any key. */
  readonly keys?: readonly string[];
  /** No event of it is older, in milliseconds since the epoch by the clock of the publisher's database. */
  readonly since?: number;
}

/** Keys that a position names at most. */
export const POSITION_KEYS_MAX = 32;

/** Characters of a position as text at most: many fit into one header. */
const POSITION_LENGTH_MAX = 1_024;

/** Characters of all names of events together; where there are more, none is named. */
const EVENTS_LENGTH_MAX = 300;

const FORMAT = 1;

/** A position as text: at most 1,024 letters, digits, hyphens and underscores, for URLs and headers. */
export function writePosition({ publisher, events = [], keys, ...position }: Position): string {
  const names = events.map((event) => event.slice(publisher.length + 1));
  const areNamed = names.length > 0 && names.join().length <= EVENTS_LENGTH_MAX;
  const written = {
    format: FORMAT,
    publisher,
    ...position,
    ...(areNamed ? { events: names } : {}),
    ...(keys === undefined ? {} : { keys: keys.join("") }),
  };
  return btoa(JSON.stringify(written)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The position that a text stands for; nothing where it is none, or was written by a release that is not known here. */
export function readPosition(text: string): Position | undefined {
  if (text.length > POSITION_LENGTH_MAX || !/^[\w-]+$/.test(text)) return undefined;
  const written = parsed(text);
  if (written?.["format"] !== FORMAT) return undefined;
  const { publisher, deployment, xid, events, last, keys, since } = written;
  const isPosition =
    isDomain(publisher) &&
    matches(deployment, /^[0-9a-f]{16}$/) &&
    matches(xid, /^[1-9]\d{0,19}$/) &&
    BigInt(xid) <= XID_MAX &&
    (events === undefined || areEvents(events, publisher)) &&
    (last === undefined || matches(last, /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)) &&
    (keys === undefined || matches(keys, fingerprints)) &&
    (since === undefined || isTime(since));
  if (!isPosition) return undefined;
  return {
    publisher,
    deployment,
    xid,
    ...(events === undefined ? {} : { events: events.map((event) => `${publisher}.${event}`) }),
    ...(last === undefined ? {} : { last }),
    ...(keys === undefined ? {} : { keys: keys.match(/.{8}/g) ?? [] }),
    ...(since === undefined ? {} : { since }),
  };
}

/** The largest id of a transaction that PostgreSQL can write down (type `xid8`). */
const XID_MAX = 2n ** 64n - 1n;

const fingerprints = new RegExp(`^(?:[\\w-]{8}){1,${POSITION_KEYS_MAX}}$`);

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(atob(text.replaceAll("-", "+").replaceAll("_", "/")));
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === "string" && pattern.test(value);
}

function isDomain(value: unknown): value is string {
  return typeof value === "string" && domainOf(value) === value && domainNameProblems(value, "").length === 0;
}

function areEvents(value: unknown, publisher: string): value is readonly string[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every(
    (event) => typeof event === "string" && eventNameProblems(`${publisher}.${event}`, "").length === 0,
  );
}

/** Within what a Date can say. */
function isTime(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 8_640_000_000_000_000;
}
