import type { Database } from "@polder/postgres";
import { sagaErrors } from "./errors.ts";
import { sagaNames } from "./names.ts";

/** A saga as somebody who runs the system looks at it. */
export interface SagaStatus {
  readonly domain: string;
  readonly saga: string;
  readonly key: string;
  readonly state: "forward" | "back" | "done" | "undone";
  /** Why it is taken back. */
  readonly reason: string | null;
  /** Why it stands still until somebody looks at it. */
  readonly stuck: string | null;
  readonly failures: number;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  /** When it goes on, if it is not at work or has ended. */
  readonly wakeAt: Date;
  /** Does a process work on it now? */
  readonly isHeld: boolean;
}

/** A step of a saga as somebody looks at it. */
export interface SagaStepStatus {
  readonly name: string;
  readonly kind: "outside" | "local" | "wait";
  readonly state: string;
  readonly attempts: number;
  readonly result: unknown;
  readonly error: string | null;
  readonly at: Date;
}

/** A saga with its steps. */
export interface SagaDetails extends SagaStatus {
  readonly input: unknown;
  readonly answer: unknown;
  readonly steps: readonly SagaStepStatus[];
  /** The events that have come for it. */
  readonly events: readonly { readonly eventId: string; readonly name: string }[];
}

/** Names one saga. */
export interface SagaName {
  readonly domain: string;
  readonly saga: string;
  readonly key: string;
}

/** Sagas that one listing gives at most. */
const LISTED_MAX = 1_000;

const SQL_STATUS = `saga, key, state, reason, stuck, failures, started_at as "startedAt", ended_at as "endedAt", wake_at as "wakeAt", lease_until > now() as "isHeld"`;

/** Lists the sagas of a domain, the oldest first: those that have not ended, with `all` the others too, with `stuck` those alone that stand still. */
export async function listSagas(
  admin: Database,
  domain: string,
  options: { readonly all?: boolean; readonly stuck?: boolean; readonly saga?: string } = {},
): Promise<readonly SagaStatus[]> {
  const { all = false, stuck = false, saga = null } = options;
  const sql = sagaNames(domain);
  const { rows } = await admin.query<SagaStatus>(
    `select $1::text as domain, ${SQL_STATUS} from ${sql.saga}
where ($2 or ended_at is null) and (not $3 or stuck is not null) and ($4::text is null or saga = $4)
order by started_at limit ${LISTED_MAX}`,
    [domain, all, stuck, saga],
  );
  return rows;
}

/**
 * Shows a saga with its steps.
 *
 * @throws `SAGA_UNKNOWN`.
 */
export async function showSaga(admin: Database, name: SagaName): Promise<SagaDetails> {
  const sql = sagaNames(name.domain);
  const { rows } = await admin.query<SagaDetails & { readonly id: string }>(
    `select id, $1::text as domain, ${SQL_STATUS}, input, answer from ${sql.saga} where saga = $2 and key = $3`,
    [name.domain, name.saga, name.key],
  );
  const [found] = rows;
  if (found === undefined) throw unknown(name);
  const { id, ...saga } = found;
  const steps = await admin.query<SagaStepStatus>(
    `select name, kind, state, attempts, result, error, at from ${sql.step} where saga_id = $1 order by position`,
    [id],
  );
  const events = await admin.query<{ eventId: string; name: string }>(
    `select event_id as "eventId", name from ${sql.news} where saga_id = $1 order by arrived`,
    [id],
  );
  return { ...saga, steps: steps.rows, events: events.rows };
}

/**
 * Lets a saga go on now: one that stands still, or waits for its next attempt.
 *
 * @throws `SAGA_UNKNOWN`, `SAGA_NOT_RUNNING` when it has ended.
 */
export async function resumeSaga(admin: Database, name: SagaName): Promise<void> {
  await change(admin, name, "stuck = null, failures = 0, wake_at = now()", "state in ('forward', 'back')", []);
}

/**
 * Has a saga taken back that goes forward, or stands still on its way forward. A process that works on it is fenced off.
 *
 * @throws `SAGA_UNKNOWN`, `SAGA_NOT_RUNNING` when it has ended or is taken back already.
 */
export async function abortSaga(admin: Database, name: SagaName, reason: string): Promise<void> {
  await change(
    admin,
    name,
    `state = 'back', reason = $3, stuck = null, failures = 0, wake_at = now(),
  answer = coalesce(answer, json_build_object('kind', 'aborted', 'reason', $3::text))`,
    "state = 'forward'",
    [reason],
  );
}

async function change(
  admin: Database,
  name: SagaName,
  sqlAssignments: string,
  sqlCondition: string,
  values: readonly unknown[],
): Promise<void> {
  const sql = sagaNames(name.domain);
  // With a new epoch, whoever works on it cannot commit any more.
  const changed = await admin.query(
    `update ${sql.saga} set ${sqlAssignments}, epoch = epoch + 1, owner = null, lease_until = '-infinity'
where saga = $1 and key = $2 and ${sqlCondition}`,
    [name.saga, name.key, ...values],
  );
  if ((changed.rowCount ?? 0) > 0) return;
  const { state } = await showSaga(admin, name);
  throw sagaErrors.SAGA_NOT_RUNNING(
    `The saga "${name.saga}" with the key ${JSON.stringify(name.key)} is ${state}; there is nothing to change any more.`,
    { saga: name.saga, key: name.key, state },
  );
}

function unknown({ domain, saga, key }: SagaName): Error {
  return sagaErrors.SAGA_UNKNOWN(
    `"${domain}" has no saga "${saga}" with the key ${JSON.stringify(key)}. List them with "polder sagas list --all"; those that ended long ago are forgotten.`,
    { domain, saga, key },
  );
}
