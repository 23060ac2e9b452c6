import type { Database, Statement } from "@polder/postgres";
import { type SagaNames, sagaNames } from "./names.ts";

/** A saga that this process holds. */
export interface HeldSaga {
  readonly id: string;
  readonly saga: string;
  readonly key: string;
  readonly input: unknown;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly state: "forward" | "back";
  readonly reason: string | null;
  readonly answered: boolean;
  /** Events that had come when it was read. */
  readonly news: number;
  readonly failures: number;
  readonly epoch: string;
  /** By the database's clock. */
  readonly now: Date;
}

/** What a step is: work outside, in the domain's own tables, or a wait. */
export type StepKind = "outside" | "local" | "wait";

/** What is remembered of a step. */
export interface StepMemory {
  readonly name: string;
  readonly position: number;
  readonly kind: StepKind;
  readonly state: "begun" | "tried" | "done" | "failed" | "given-up" | "undone";
  readonly attempts: number;
  readonly result: unknown;
  readonly error: string | null;
}

/** An event that has come for a saga. */
export interface SagaNews {
  readonly eventId: string;
  readonly name: string;
  readonly event: StoredEvent;
}

/** A delivered event as JSON. */
export interface StoredEvent {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly key: string;
  readonly data: unknown;
  readonly at: string;
  readonly seq: string;
}

/** How a saga that is let go goes on. */
export type LetGo =
  | { readonly to: "end"; readonly state: "done" | "undone" }
  | { readonly to: "sleep"; readonly inMs: number; readonly failures: number }
  | { readonly to: "stand-still"; readonly why: string };

/** SQLSTATE of a saga that has another owner by now. */
export const SAGA_LOST_STATE = "PL001";

/** Thrown where a saga has another owner by now: what this process does for it does not count. */
export class SagaLost extends Error {}

/** The sagas of one domain, in its own schema. */
export interface SagaStore {
  readonly database: Database;
  /** Takes some sagas that are due and that nobody holds. */
  readonly claim: (options: {
    readonly names: readonly string[];
    readonly max: number;
  }) => Promise<readonly HeldSaga[]>;
  /** How long until the next one is due, in milliseconds; nothing when none waits. */
  readonly nextInMs: (names: readonly string[]) => Promise<number | undefined>;
  readonly memory: (id: string) => Promise<readonly StepMemory[]>;
  readonly news: (id: string) => Promise<readonly SagaNews[]>;
  /** Remembers how a step stands. Throws {@link SagaLost}. */
  readonly write: (held: HeldSaga, step: StepMemory) => Promise<void>;
  /** The same, to be sent with a commit; it fails with {@link SAGA_LOST_STATE}. */
  readonly written: (held: HeldSaga, step: StepMemory) => readonly Statement[];
  /** Keeps the first answer. Throws {@link SagaLost}. */
  readonly answer: (held: HeldSaga, answer: unknown) => Promise<void>;
  /** Turns a saga round: from now on its steps are taken back. Throws {@link SagaLost}. */
  readonly turn: (held: HeldSaga, reason: string, answer: unknown) => Promise<void>;
  readonly letGo: (held: HeldSaga, how: LetGo) => Promise<void>;
  readonly renew: () => Promise<void>;
  /** Frees what processes hold that are not among the living any more. */
  readonly freeDead: () => Promise<void>;
  /** Forgets sagas that have ended so many days ago, 1,000 at a time; gives how many. */
  readonly forget: (days: number) => Promise<number>;
}

/** Sagas that one round of forgetting deletes at most. */
const FORGET_MAX = 1_000;

/** What every statement on the sagas of a domain needs. */
interface Table {
  readonly database: Database;
  readonly sql: SagaNames;
  readonly owner: string;
  readonly leaseSeconds: number;
}

/** Opens the sagas of a domain for the process `owner` (a UUID). */
export function openSagaStore(options: {
  readonly domain: string;
  /** As the domain's own role. */
  readonly database: Database;
  readonly owner: string;
  readonly leaseMs: number;
}): SagaStore {
  const { database, owner } = options;
  const sql = sagaNames(options.domain);
  const table: Table = { database, sql, owner, leaseSeconds: options.leaseMs / 1_000 };
  return { database, ...taking(table), ...keeping(table) };
}

/** How sagas are taken and let go of. */
function taking({
  database,
  sql,
  owner,
  leaseSeconds,
}: Table): Pick<SagaStore, "claim" | "nextInMs" | "letGo" | "renew" | "freeDead" | "forget"> {
  return {
    claim: async ({ names, max }) => {
      const { rows } = await database.query<HeldSaga>(
        `update ${sql.saga} set owner = $1, epoch = epoch + 1, lease_until = now() + make_interval(secs => $2)
where id in (
  select id from ${sql.saga}
  where state in ('forward', 'back') and stuck is null and wake_at <= now() and lease_until < now() and saga = any ($3)
  -- One that is being claimed or committed is not free.
  order by wake_at limit $4 for update skip locked
)
returning id, saga, key, input, headers, state, reason, answer is not null as answered, news, failures, epoch, now() as now`,
        [owner, leaseSeconds, names, max],
      );
      return rows;
    },
    nextInMs: async (names) => {
      const { rows } = await database.query<{ ms: number | null }>(
        `select (extract(epoch from min(greatest(wake_at, lease_until)) - now()) * 1000)::float8 as ms
from ${sql.saga} where state in ('forward', 'back') and stuck is null and saga = any ($1)`,
        [names],
      );
      const ms = rows[0]?.ms;
      return ms === null || ms === undefined ? undefined : Math.max(0, ms);
    },
    letGo: async (saga, how) => {
      await database.run(letGoStatement(sql, saga, how));
    },
    renew: async () => {
      await database.query(
        `update ${sql.saga} set lease_until = now() + make_interval(secs => $2) where owner = $1 and lease_until > '-infinity'`,
        [owner, leaseSeconds],
      );
    },
    freeDead: async () => {
      await database.query(
        `update ${sql.saga} set lease_until = '-infinity', owner = null
where lease_until > '-infinity' and not exists (select from ${sql.instance} i where i.id = owner)`,
      );
    },
    forget: async (days) => {
      const { rowCount } = await database.query(
        `delete from ${sql.saga} where id in (
  select id from ${sql.saga} where ended_at < now() - make_interval(secs => $1) order by ended_at limit ${FORGET_MAX}
)`,
        [days * 86_400],
      );
      return rowCount ?? 0;
    },
  };
}

/** How it is remembered where they stand. */
function keeping({
  database,
  sql,
}: Table): Pick<SagaStore, "memory" | "news" | "write" | "written" | "answer" | "turn"> {
  const held = async (statement: Statement): Promise<void> => {
    const { rowCount } = await database.run(statement);
    if ((rowCount ?? 0) === 0) throw new SagaLost("another process has the saga");
  };
  return {
    memory: async (id) => {
      const { rows } = await database.query<StepMemory>(
        `select name, position, kind, state, attempts, result, error from ${sql.step} where saga_id = $1 order by position`,
        [id],
      );
      return rows;
    },
    news: async (id) => {
      const { rows } = await database.query<SagaNews>(
        `select event_id as "eventId", name, event from ${sql.news} where saga_id = $1 order by arrived`,
        [id],
      );
      return rows;
    },
    write: (saga, step) => held(stepWrite(sql, saga, step)),
    written: (saga, step) => [
      { text: `select ${sql.hold}($1, $2)`, values: [saga.id, saga.epoch] },
      stepWrite(sql, saga, step),
    ],
    answer: async (saga, answer) => {
      await held({
        text: `update ${sql.saga} set answer = coalesce(answer, $3::json) where id = $1 and epoch = $2`,
        values: [saga.id, saga.epoch, JSON.stringify(answer)],
      });
    },
    turn: async (saga, reason, answer) => {
      await held({
        text: `update ${sql.saga} set state = 'back', reason = $3, failures = 0, answer = coalesce(answer, $4::json)
where id = $1 and epoch = $2`,
        values: [saga.id, saga.epoch, reason, JSON.stringify(answer)],
      });
    },
  };
}

function stepWrite(sql: SagaNames, { id, epoch }: HeldSaga, step: StepMemory): Statement {
  const result = step.result === undefined ? null : JSON.stringify(step.result);
  return {
    text: `with held as (select id from ${sql.saga} where id = $1 and epoch = $2 for no key update)
insert into ${sql.step} (saga_id, name, position, kind, state, attempts, result, error)
select id, $3, $4, $5, $6, $7, $8, $9 from held
on conflict (saga_id, name) do update
set state = excluded.state, attempts = excluded.attempts, result = excluded.result, error = excluded.error, at = now()`,
    values: [id, epoch, step.name, step.position, step.kind, step.state, step.attempts, result, step.error],
  };
}

function letGoStatement(sql: SagaNames, { id, epoch, news }: HeldSaga, how: LetGo): Statement {
  const sqlFree = "owner = null, lease_until = '-infinity'";
  const sqlWhere = "where id = $1 and epoch = $2";
  switch (how.to) {
    case "end":
      return {
        text: `update ${sql.saga} set state = $3, ended_at = now(), failures = 0, ${sqlFree} ${sqlWhere}`,
        values: [id, epoch, how.state],
      };
    case "sleep":
      return {
        // What came since it was read has not been looked at: then it does not sleep.
        text: `update ${sql.saga} set failures = $3, ${sqlFree},
  wake_at = case when news = $5 then now() + make_interval(secs => $4) else now() end ${sqlWhere}`,
        values: [id, epoch, how.failures, how.inMs / 1_000, news],
      };
    case "stand-still":
      return { text: `update ${sql.saga} set stuck = $3, ${sqlFree} ${sqlWhere}`, values: [id, epoch, how.why] };
  }
}
