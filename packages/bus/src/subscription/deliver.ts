import type { Logger, Subscription } from "@polder/model";
import { type Database, isInfrastructureError, isWorthRepeating, type OpenTransaction, type Statement, sqlState } from "@polder/postgres";
import { busErrors } from "../errors.ts";
import type { CrashPoint } from "../crash-point.ts";
import type { LoggedEvent } from "../log/event-source.ts";
import { type Checkpoints, type HeldRange, LEASE_LOST_STATE, type ParkedEvent, type StreamName } from "./checkpoints.ts";
import type { Parking } from "./parking.ts";
import type { RetryPolicy } from "./retry-policy.ts";

/** What a handler left to be sent with the commit, and what to do when it has happened. */
export interface Handled {
  /** The events that the handler published, and the like. */
  readonly last: readonly Statement[];
  readonly committed?: () => void;
}

/** Runs the handler of a subscription for events; an "outside" one gets no transaction. */
export type HandleEvents = (events: readonly LoggedEvent[], transaction: OpenTransaction | undefined, signal: AbortSignal) => Promise<Handled>;

/** What delivering needs. */
export interface DeliveryParts {
  readonly stream: StreamName;
  readonly subscription: Subscription;
  readonly database: Database;
  readonly checkpoints: Checkpoints;
  readonly parking: Parking;
  readonly policy: RetryPolicy;
  readonly handle: HandleEvents;
  readonly timeoutMs: number;
  readonly logger: Logger;
  /** Aborts the handler under way: the process stops hard. */
  readonly signal: AbortSignal;
  readonly crashPoint: CrashPoint;
}

/** Delivers events of one range, so that each takes effect once. */
export interface Delivery {
  /**
   * Handles events in order and moves the checkpoint to `reached`, in as few transactions as it can. An event
   * whose handler fails is parked, with all later ones of its key; the others go on. `parkedKeys` is kept up to date.
   *
   * @throws when the database is in trouble, or `LEASE_LOST`; the checkpoint then says what has been handled.
   */
  readonly deliver: (range: HeldRange, events: readonly LoggedEvent[], reached: bigint, parkedKeys: Set<string>) => Promise<void>;
  /** Handles a parked event that is due; says whether its key has left the parking. */
  readonly retry: (range: HeldRange, event: ParkedEvent, options: { readonly dropped: boolean }) => Promise<{ readonly keyIsFree: boolean }>;
}

/** Repetitions of a transaction that lost against another one, such as after a deadlock. */
const REPETITIONS_MAX = 5;

/** Makes the delivery of one stream. */
export function openDelivery(parts: DeliveryParts): Delivery {
  const { stream, subscription, database, checkpoints, parking, policy, logger, crashPoint } = parts;

  /** One transaction: all handlers, what they published, the checkpoint. Gives the index of the event that failed. */
  const attempt = async (range: HeldRange, events: readonly LoggedEvent[], reached: bigint, extra: readonly Statement[] = []): Promise<Failed | undefined> => {
    const transaction = database.begin();
    const units = subscription.mode === "batch" ? (events.length === 0 ? [] : [events]) : events.map((event) => [event]);
    const handled: Handled[] = [];
    for (const [index, unit] of units.entries()) {
      try {
        handled.push(await handleInTime(parts, unit, subscription.mode === "outside" ? undefined : transaction));
      } catch (error) {
        const timedOut = error instanceof Error && "code" in error && error.code === "HANDLER_TIMED_OUT";
        // A hanging handler may still hold the connection: throw it away, so that nothing of it can commit.
        await transaction.rollback(timedOut || parts.signal.aborted ? (error as Error) : undefined);
        if (isInfrastructureError(error) || parts.signal.aborted) throw error;
        return { error, index: units.length === 1 && events.length > 1 ? undefined : index };
      }
    }
    try {
      await crashPoint("deliver:before-commit");
      await transaction.commit([...handled.flatMap(({ last }) => last), ...extra, checkpoints.advance(range, reached)]);
      await crashPoint("deliver:after-commit");
    } catch (error) {
      await transaction.rollback();
      if (sqlState(error) === LEASE_LOST_STATE) throw leaseLost(stream, error);
      if (isInfrastructureError(error)) throw error;
      return { error, index: undefined };
    }
    for (const { committed } of handled) committed?.();
    return undefined;
  };

  const persist = async (range: HeldRange, events: readonly LoggedEvent[], reached: bigint, extra?: readonly Statement[]): Promise<Failed | undefined> => {
    for (let repetition = 0; ; repetition += 1) {
      const failed = await attempt(range, events, reached, extra);
      if (failed === undefined || !isWorthRepeating(failed.error) || repetition >= REPETITIONS_MAX) return failed;
    }
  };

  const settle = async (range: HeldRange, events: readonly LoggedEvent[], reached: bigint, parkedKeys: Set<string>): Promise<void> => {
    const open = events.filter((event) => !parkedKeys.has(event.key));
    const waiting = events.filter((event) => parkedKeys.has(event.key));
    const failed = await persist(range, open, reached, waiting.length === 0 ? [] : [parking.queue(waiting)]);
    if (failed === undefined) return;
    const [first] = open;
    if (first === undefined) throw failed.error;
    if (open.length === 1) {
      const retry = policy(1);
      const parked = await persist(range, [], reached, [parking.park(first, describe(failed.error), retry), ...(waiting.length === 0 ? [] : [parking.queue(waiting)])]);
      if (parked !== undefined) throw parked.error;
      parkedKeys.add(first.key);
      logger.warn("an event could not be handled; its key waits", { ...stream, event: first.type, key: first.key, seq: String(first.seq), error: failed.error });
      return;
    }
    // The one that failed is taken alone; where nobody knows which, the halves are tried.
    const culprit = failed.index === undefined ? undefined : open[failed.index];
    const at = culprit === undefined ? Math.ceil(events.length / 2) : events.indexOf(culprit);
    const pieces = culprit === undefined ? [events.slice(0, at), events.slice(at)] : [events.slice(0, at), [culprit], events.slice(at + 1)];
    for (const [index, piece] of pieces.entries()) {
      const isLast = index === pieces.length - 1;
      const last = piece.at(-1);
      if (last !== undefined || isLast) await settle(range, piece, isLast ? reached : (last?.seq ?? reached), parkedKeys);
    }
  };

  return {
    deliver: async (range, events, reached, parkedKeys) => {
      if (subscription.mode !== "outside") return await settle(range, events, reached, parkedKeys);
      // Effects outside cannot be rolled back: each event moves the checkpoint by itself.
      for (const [index, event] of events.entries()) {
        await settle(range, [event], index === events.length - 1 ? reached : event.seq, parkedKeys);
      }
      if (events.length === 0) await settle(range, [], reached, parkedKeys);
    },
    retry: async (range, event, { dropped }) => {
      // The checkpoint stays where it is; moving it to itself fails if the lease is lost.
      const failed = await persist(range, dropped ? [] : [event], range.seq, [parking.leave(event)]);
      if (failed === undefined) return { keyIsFree: !(await parking.has(event.key)) };
      const retry = policy(event.attempts + 1);
      const remembered = await persist(range, [], range.seq, [parking.failAgain(event, describe(failed.error), retry)]);
      if (remembered !== undefined) throw remembered.error;
      const fate = "dead" in retry ? "it is a dead letter now" : `next attempt in ${Math.round(retry.inMs)} ms`;
      logger.warn(`an event could not be handled again; ${fate}`, { ...stream, event: event.type, key: event.key, seq: String(event.seq), attempts: event.attempts + 1, error: failed.error });
      return { keyIsFree: false };
    },
  };
}

interface Failed {
  readonly error: unknown;
  /** Which of the events it was, if that is known. */
  readonly index: number | undefined;
}

async function handleInTime(parts: DeliveryParts, events: readonly LoggedEvent[], transaction: OpenTransaction | undefined): Promise<Handled> {
  const { stream, timeoutMs } = parts;
  const timeout = new AbortController();
  const signal = AbortSignal.any([parts.signal, timeout.signal]);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    timeout.abort();
    late.reject(
      busErrors.HANDLER_TIMED_OUT(
        `The handler of "${stream.subscription}" in "${stream.consumer}" took longer than ${timeoutMs} ms; its transaction was ended. Make it faster, or raise timeoutMs.`,
        { domain: stream.consumer, subscription: stream.subscription, timeoutMs },
      ),
    );
  }, timeoutMs);
  const stop = (): void => late.reject(parts.signal.reason);
  parts.signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([parts.handle(events, transaction, signal), late.promise]);
  } finally {
    clearTimeout(timer);
    parts.signal.removeEventListener("abort", stop);
  }
}

function leaseLost(stream: StreamName, cause: unknown): Error {
  return busErrors.LEASE_LOST(
    `Another process holds "${stream.subscription}" of "${stream.consumer}" by now, so what this one did late was refused. Nothing is to be done: the other goes on.`,
    { domain: stream.consumer, subscription: stream.subscription, publisher: stream.publisher },
    { cause },
  );
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? `${error.code}: ` : "";
  return `${code}${error.message}\n${error.stack?.split("\n").slice(1, 6).join("\n") ?? ""}`;
}
