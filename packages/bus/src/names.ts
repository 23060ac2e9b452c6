import { type DomainHome, identifier, literal, POLDER_ROLE } from "@polder/postgres";

/** The number of parts that the keys of a log are spread over. */
export const PARTS: number = 64;

/** What one page of the log holds at most, in bytes of payload. */
export const PAGE_BYTES_MAX: number = 8 * 1024 * 1024;

/** The names of the bus's objects for one domain, quoted for SQL. */
export function busNames(home: DomainHome): Readonly<Record<string, string>> {
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
    read: inPolder("read"),
    seq_at: inPolder("seq_at"),
    checkpoint: identifier(home.schema, "_checkpoint"),
    parked: identifier(home.schema, "_parked"),
    advance: identifier(home.schema, "_advance"),
    // sha256 is the same on every machine and version, unlike PostgreSQL's own hash functions.
    part: `(get_byte(sha256(convert_to(key, 'UTF8')), 0) & ${PARTS - 1})::smallint`,
    page_bytes_max: String(PAGE_BYTES_MAX),
  };
}

/** The channel on which PostgreSQL says that a domain's log has grown. */
export function channelOf(domain: string): string {
  return `polder_${domain}`;
}
