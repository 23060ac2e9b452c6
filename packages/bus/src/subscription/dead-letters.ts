import { type Database, homeOf } from "@polder/postgres";
import { busErrors } from "../errors.ts";
import { busNames, channelOf } from "../names.ts";

/** An event that a subscription could not handle: given up, or still to be tried again. */
export interface ParkedLetter {
  readonly domain: string;
  readonly subscription: string;
  readonly publisher: string;
  readonly seq: string;
  readonly eventId: string;
  readonly type: string;
  readonly version: string;
  readonly key: string;
  readonly state: "retry" | "dead";
  readonly attempts: number;
  readonly nextAt: Date;
  readonly error: string;
  readonly at: Date;
  readonly parkedAt: Date;
  /** Events of the same key that wait behind it. */
  readonly waiting: number;
  readonly data: unknown;
}

/** Names one parked event. */
export interface LetterName {
  readonly domain: string;
  readonly subscription: string;
  readonly publisher: string;
  readonly seq: string;
}

/** Letters that one listing gives at most. */
const LISTED_MAX = 1_000;

/** Lists what a domain's subscriptions could not handle, the oldest first: dead letters, and with `all` those that are still tried. */
export async function listDeadLetters(
  database: Database,
  domain: string,
  options: { readonly all?: boolean } = {},
): Promise<readonly ParkedLetter[]> {
  const { rows } = await database.query<ParkedLetter>(
    `${sqlLetters(domain)}
where state = any ($2)
order by parked_at limit ${LISTED_MAX}`,
    [domain, options.all === true ? ["dead", "retry"] : ["dead"]],
  );
  return rows;
}

/** One parked event, given up or still tried; nothing where there is none of that name. */
export async function findDeadLetter(database: Database, letter: LetterName): Promise<ParkedLetter | undefined> {
  const { domain, subscription, publisher, seq } = letter;
  const { rows } = await database.query<ParkedLetter>(
    `${sqlLetters(domain)}
where subscription = $2 and publisher = $3 and seq = $4 and state in ('dead', 'retry')`,
    [domain, subscription, publisher, seq],
  );
  return rows[0];
}

/** What is shown of a domain's parked events; the first parameter is the domain. */
function sqlLetters(domain: string): string {
  const sqlTable = busNames(homeOf(domain)).parked;
  return `select $1::text as domain, subscription, publisher, seq::text, event_id as "eventId", type, version, key, state, attempts,
  next_at as "nextAt", error, at, parked_at as "parkedAt", data,
  (select count(*)::int from ${sqlTable} q where q.subscription = p.subscription and q.publisher = p.publisher and q.key = p.key and q.state = 'waiting') as waiting
from ${sqlTable} p`;
}

/**
 * Gives a parked event another life: the subscription tries it at once, with its attempts counted anew. With `data` its
 * payload is replaced first.
 *
 * @throws `DEAD_LETTER_UNKNOWN`.
 */
export async function retryDeadLetter(
  database: Database,
  letter: LetterName,
  options: { readonly data?: unknown } = {},
): Promise<void> {
  const replaced = options.data === undefined ? null : JSON.stringify(options.data);
  await change(database, letter, "state = 'retry', attempts = 0, next_at = now(), data = coalesce($4::json, data)", [
    replaced,
  ]);
}

/**
 * Drops a parked event: the subscription passes over it, and goes on with the later events of its key.
 *
 * @throws `DEAD_LETTER_UNKNOWN`.
 */
export async function discardDeadLetter(database: Database, letter: LetterName): Promise<void> {
  await change(database, letter, "state = 'discard', next_at = now()", []);
}

async function change(
  database: Database,
  letter: LetterName,
  sqlAssignments: string,
  values: readonly unknown[],
): Promise<void> {
  const sqlTable = busNames(homeOf(letter.domain)).parked;
  const changed = await database.query(
    `update ${sqlTable} set ${sqlAssignments} where subscription = $1 and publisher = $2 and seq = $3 and state in ('dead', 'retry')`,
    [letter.subscription, letter.publisher, letter.seq, ...values],
  );
  if ((changed.rowCount ?? 0) === 0) {
    throw busErrors.DEAD_LETTER_UNKNOWN(
      `"${letter.subscription}" of "${letter.domain}" has no parked event ${letter.publisher}/${letter.seq}. List them with "polder dead-letters list"; it may have been handled meanwhile.`,
      { domain: letter.domain, subscription: letter.subscription, seq: letter.seq },
    );
  }
  await database.query("select pg_notify($1, '')", [channelOf(letter.publisher)]);
}
