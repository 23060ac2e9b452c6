import { type DomainHome, identifier, literal, POLDER_ROLE } from "@polder/postgres";

/** The number of parts that the keys of a log are spread over. */
export const PARTS: number = 64;

/** Events at the end of a log among which it is looked for what a transaction has published. */
export const NEWEST_EVENTS = 1_000;

/** What one page of the log holds at most, in bytes of payload. */
export const PAGE_BYTES_MAX: number = 8 * 1024 * 1024;

/** The bus's objects for one domain, each quoted for SQL. */
export interface BusNames {
  readonly schema: string;
  readonly app: string;
  /** The domain's name as a literal; likewise the channel and the names of tables. */
  readonly domain: string;
  readonly channel: string;
  readonly outbox: string;
  readonly outbox_literal: string;
  readonly log: string;
  readonly log_literal: string;
  readonly log_name: string;
  readonly relay: string;
  readonly maintain: string;
  readonly adopt: string;
  readonly log_state: string;
  readonly pending: string;
  readonly read: string;
  readonly seq_at: string;
  readonly locate: string;
  readonly checkpoint: string;
  readonly parked: string;
  readonly advance: string;
  readonly instance: string;
  /** The expression that gives the part of a row's `key`. */
  readonly part: string;
  /** The expression that gives the fingerprint of a row's `key`, as `keyFingerprint` does. */
  readonly fingerprint: string;
  readonly page_bytes_max: string;
  readonly newest: string;
  /** The key of the advisory lock that lets one relay of the domain work at a time. */
  readonly relay_lock: string;
  readonly outbox_sequence: string;
}

/** The names of the bus's objects for one domain. They are called `sql` where they are used, since they are pieces of SQL. */
export function busNames(home: DomainHome): BusNames {
  const inPolder = (prefix: string): string => identifier(POLDER_ROLE, `${prefix}_${home.schema}`);
  return {
    schema: identifier(home.schema),
    app: identifier(home.app),
    domain: literal(home.domain),
    channel: literal(channelOf(home.domain)),
    outbox: identifier(home.schema, "_outbox"),
    outbox_literal: literal(identifier(home.schema, "_outbox")),
    log: inPolder("log"),
    log_literal: literal(inPolder("log")),
    log_name: literal(`log_${home.schema}`),
    relay: inPolder("relay"),
    maintain: inPolder("maintain"),
    adopt: inPolder("adopt"),
    log_state: inPolder("log_state"),
    pending: inPolder("pending"),
    read: inPolder("read"),
    seq_at: inPolder("seq_at"),
    locate: inPolder("locate"),
    checkpoint: identifier(home.schema, "_checkpoint"),
    parked: identifier(home.schema, "_parked"),
    advance: identifier(home.schema, "_advance"),
    instance: identifier(home.schema, "_instance"),
    // sha256 is the same on every machine and version, unlike PostgreSQL's own hash functions.
    part: `(get_byte(sha256(convert_to(key, 'UTF8')), 0) & ${PARTS - 1})::smallint`,
    fingerprint: "translate(encode(substring(sha256(convert_to(key, 'UTF8')) for 6), 'base64'), '+/', '-_')",
    page_bytes_max: String(PAGE_BYTES_MAX),
    newest: String(NEWEST_EVENTS),
    relay_lock: `hashtextextended(${literal(`polder relay ${home.domain}`)}, 0)`,
    outbox_sequence: `pg_get_serial_sequence(${literal(identifier(home.schema, "_outbox"))}, 'id')`,
  };
}

/** The channel on which PostgreSQL says that a domain's log has grown. */
export function channelOf(domain: string): string {
  return `polder_${domain}`;
}
