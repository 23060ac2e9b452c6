import type { Database, Statement } from "@polder/postgres";
import { sagaErrors } from "./errors.ts";
import { sagaNames } from "./names.ts";
import type { StoredEvent } from "./store.ts";

/** The statement that starts a saga, in the transaction of whoever starts it. Under a key that is known it does nothing. */
export function sagaStart(
  domain: string,
  saga: { readonly name: string; readonly key: string; readonly input: unknown; readonly headers: string | null },
): Statement {
  const sql = sagaNames(domain);
  return {
    text: `insert into ${sql.saga} (saga, key, input, headers) values ($1, $2, $3, $4)
on conflict (saga, key) do nothing`,
    values: [saga.name, saga.key, JSON.stringify(saga.input), saga.headers],
  };
}

/** The statements that give an event to the saga that it is about, if it goes forward, and wake it. */
export function sagaNewsInsert(
  domain: string,
  saga: { readonly name: string; readonly key: string },
  event: StoredEvent,
): readonly Statement[] {
  const sql = sagaNames(domain);
  return [
    {
      text: `with come as (
  insert into ${sql.news} (saga_id, event_id, name, event)
  select id, $3, $4, $5 from ${sql.saga} where saga = $1 and key = $2 and state = 'forward'
  on conflict (saga_id, event_id) do nothing
  returning saga_id
)
update ${sql.saga} set news = news + 1, wake_at = least(wake_at, now()) where id in (select saga_id from come)`,
      values: [saga.name, saga.key, event.id, event.name, JSON.stringify(event)],
    },
  ];
}

/** What callers get from a saga: the answer, or a refusal. */
export type SagaAnswer =
  | { readonly kind: "answered"; readonly output: unknown }
  | { readonly kind: "refused"; readonly refusal: string; readonly details: unknown };

/** What callers get from a saga, and since when it has done something. */
export interface AnsweredSaga {
  readonly answer: SagaAnswer;
  readonly startedAt: Date;
}

type StoredAnswer = SagaAnswer | { readonly kind: "aborted"; readonly reason: string };

/** How long to wait between two looks when nobody says that there is an answer, in milliseconds. */
const LOOK_MS = 250;

/**
 * Waits for the answer of a saga.
 *
 * @throws `SAGA_ABORTED` when it is taken back without a refusal, `SAGA_UNANSWERED` when it has ended without an answer, and the
 * signal's reason when it aborts: the saga goes on, and whoever asks again finds its answer.
 */
export async function sagaAnswer(
  database: Database,
  saga: { readonly domain: string; readonly name: string; readonly key: string },
  options: { readonly signal: AbortSignal; readonly onAnswer: (listener: () => void) => () => void },
): Promise<AnsweredSaga> {
  const { signal } = options;
  const { name, key } = saga;
  const sql = sagaNames(saga.domain);
  let tell = (): void => undefined;
  signal.addEventListener("abort", () => tell(), { once: true });
  for (;;) {
    const told = Promise.withResolvers<void>();
    tell = told.resolve;
    const ignore = options.onAnswer(told.resolve);
    const timer = setTimeout(told.resolve, LOOK_MS);
    try {
      signal.throwIfAborted();
      const { rows } = await database.query<{ answer: StoredAnswer | null; state: string; startedAt: Date }>(
        `select answer, state, started_at as "startedAt" from ${sql.saga} where saga = $1 and key = $2`,
        [name, key],
      );
      const [found] = rows;
      if (found?.answer?.kind === "aborted") throw aborted(name, key, found.answer.reason);
      if (found?.answer != null) return { answer: found.answer, startedAt: found.startedAt };
      if (found === undefined || found.state === "done" || found.state === "undone") throw unanswered(name, key);
      await told.promise;
    } finally {
      ignore();
      clearTimeout(timer);
    }
  }
}

function aborted(saga: string, key: string, reason: string): Error {
  return sagaErrors.SAGA_ABORTED(
    `What was asked for could not be done, and what had been done of it is taken back: ${reason}. Ask again with another idempotency key.`,
    { saga, key, reason },
  );
}

function unanswered(saga: string, key: string): Error {
  return sagaErrors.SAGA_UNANSWERED(
    `The saga "${saga}" ended without an answer to those who wait for it. Let its code call answer(…) on every way to its end.`,
    { saga, key },
  );
}
