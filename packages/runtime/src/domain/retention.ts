/** For how long a domain keeps what is over. Parts of a day are allowed. */
export interface Retention {
  /** Days that its log keeps events at least; longer while a subscription has not seen them. Default 7. */
  readonly eventsDays?: number;
  /** Days that the answers of commands with an idempotency key are kept. Default 7. */
  readonly answersDays?: number;
  /** Days that sagas are kept after they have ended, and their answers with them. Default 7. */
  readonly sagasDays?: number;
  /** Days that a build of a read model or replica is kept after another one has taken its place. Default an hour. */
  readonly buildsDays?: number;
  /** Days that it is kept who has used which contract, as of the last provisioning. Default 400. */
  readonly usesDays?: number;
  /**
   * Rows of a partition of outbox and log, for those that are made from now on. A partition goes as a whole, so about
   * two of them are kept in any case; commits fail where a domain publishes more than two between two looks, a minute
   * apart. Default 1,000,000, at least 10,000.
   */
  readonly partitionRows?: number;
}

/** Milliseconds of a day. */
export const DAY_MS: number = 86_400_000;
/** What is old is looked for this often at most and at least, in milliseconds. */
const LOOK_MIN_MS = 1_000;
const LOOK_MAX_MS = 60_000;

/** How often to look for what is older than some days, in milliseconds. */
export function lookEveryMs(days: number): number {
  return Math.min(LOOK_MAX_MS, Math.max(LOOK_MIN_MS, (days * DAY_MS) / 10));
}
