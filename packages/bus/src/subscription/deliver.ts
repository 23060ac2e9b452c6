import { isPolderError, type Logger, type Subscription } from "@polder/model";
import {
  type Database,
  isInfrastructureError,
  isWorthRepeating,
  type OpenTransaction,
  type Statement,
  sqlState,
} from "@polder/postgres";
import type { CrashPoint } from "../crash-point.ts";
import { busErrors } from "../errors.ts";
import type { LoggedEvent } from "../log/event-source.ts";
import { type Checkpoints, type HeldRange, LEASE_LOST_STATE, type StreamName } from "./checkpoints.ts";
import type { ParkedEvent, Parking, Retry } from "./parking.ts";
import type { RetryPolicy } from "./retry-policy.ts";

/** What a handler left to be sent with the commit, and what to do when it has happened. */
export interface Handled {
  /** The events that the handler published, and the like. */
  readonly last: readonly Statement[];
  readonly committed?: () => void;
}

/** Runs the handler of a subscription for events; an "outside" one gets no transaction. */
export type HandleEvents = (
  events: readonly LoggedEvent[],
  transaction: OpenTransaction | undefined,
  signal: AbortSignal,
) => Promise<Handled>;

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
  /** Told what has become of events, when it is committed. */
  readonly onDelivered?: (delivered: Delivered) => void;
}

/** What has become of events at one attempt. */
export interface Delivered {
  /** `failed` is tried again, `given up` is a dead letter from now on. */
  readonly outcome: "handled" | "failed" | "given up";
  readonly events: number;
}

/** Delivers events of one range, so that each takes effect once. */
export interface Delivery {
  /**
   * Handles events in order and moves the checkpoint to `reached`, in as few transactions as it can. An event
   * whose handler fails is parked, with all later ones of its key; the others go on. `parkedKeys` is kept up to date.
   *
   * @throws when the database is in trouble, or `LEASE_LOST`; the checkpoint then says what has been handled.
   */
  readonly deliver: (
    range: HeldRange,
    events: readonly LoggedEvent[],
    reached: bigint,
    parkedKeys: Set<string>,
  ) => Promise<void>;
  /** Handles a parked event that is due; says whether its key has left the parking. */
  readonly retry: (range: HeldRange, event: ParkedEvent) => Promise<{ readonly keyIsFree: boolean }>;
}

/** Repetitions of a transaction that lost against another one, such as after a deadlock. */
const REPETITIONS_MAX = 5;

/** Makes the delivery of one stream. */
export function openDelivery(parts: DeliveryParts): Delivery {
  const { subscription, parking, policy } = parts;
  return {
    deliver: async (range, events, reached, parkedKeys) => {
      if (subscription.mode !== "outside" || events.length === 0)
        return await settle(parts, { range, events, reached, parkedKeys });
      // Effects outside cannot be rolled back: each event moves the checkpoint by itself.
      for (const [index, event] of events.entries()) {
        const isLast = index === events.length - 1;
        await settle(parts, { range, events: [event], reached: isLast ? reached : event.seq, parkedKeys });
      }
    },
    retry: async (range, event) => {
      // The checkpoint stays where it is; moving it to itself fails if the lease is lost.
      const failed = await persist(parts, {
        range,
        events: event.dropped ? [] : [event],
        reached: range.seq,
        also: [parking.leave(event)],
      });
      if (failed === undefined) {
        if (!event.dropped) parts.onDelivered?.({ outcome: "handled", events: 1 });
        return { keyIsFree: !(await parking.has(event.key)) };
      }
      const attempts = event.attempts + 1;
      const retry = policy(attempts);
      await mustPersist(parts, {
        range,
        events: [],
        reached: range.seq,
        also: [parking.failAgain(event, describe(failed.error), retry)],
      });
      tellFailed(parts, retry);
      report(parts, event, "dead" in retry ? "an event was given up; it is a dead letter" : "an event failed again", {
        attempts,
        error: failed.error,
      });
      return { keyIsFree: false };
    },
  };
}

/** A piece of a page, and where the checkpoint is when it has been handled. */
interface Piece {
  readonly range: HeldRange;
  readonly events: readonly LoggedEvent[];
  readonly reached: bigint;
  readonly parkedKeys: Set<string>;
}

/** Handles a piece in one transaction. When that fails, finds out which event it was, parks it, and handles the rest. */
async function settle(parts: DeliveryParts, piece: Piece): Promise<void> {
  const { parking, policy } = parts;
  const { range, events, reached, parkedKeys } = piece;
  const open = events.filter((event) => !parkedKeys.has(event.key));
  const waiting = events.filter((event) => parkedKeys.has(event.key));
  const queued = waiting.length === 0 ? [] : [parking.queue(waiting)];
  const failed = await persist(parts, { range, events: open, reached, also: queued });
  if (failed === undefined) {
    if (open.length > 0) parts.onDelivered?.({ outcome: "handled", events: open.length });
    return;
  }
  const [first] = open;
  if (first === undefined) throw failed.error;
  if (open.length === 1) {
    const retry = policy(1);
    await mustPersist(parts, {
      range,
      events: [],
      reached,
      also: [parking.park(first, describe(failed.error), retry), ...queued],
    });
    tellFailed(parts, retry);
    parkedKeys.add(first.key);
    report(parts, first, "an event could not be handled; its key waits", { attempts: 1, error: failed.error });
    return;
  }
  for (const events of cut(piece.events, failed.index === undefined ? undefined : open[failed.index])) {
    const last = events.at(-1);
    if (last !== undefined)
      await settle(parts, { ...piece, events, reached: last === piece.events.at(-1) ? reached : last.seq });
  }
}

/** The event that failed is taken alone; where nobody knows which it was, the halves are tried. */
function cut(events: readonly LoggedEvent[], culprit: LoggedEvent | undefined): readonly (readonly LoggedEvent[])[] {
  const at = culprit === undefined ? Math.ceil(events.length / 2) : events.indexOf(culprit);
  if (culprit === undefined) return [events.slice(0, at), events.slice(at)];
  return [events.slice(0, at), [culprit], events.slice(at + 1)];
}

/** What one transaction is to do. */
interface Unit {
  readonly range: HeldRange;
  readonly events: readonly LoggedEvent[];
  readonly reached: bigint;
  /** Sent with the commit. */
  readonly also: readonly Statement[];
}

async function mustPersist(parts: DeliveryParts, unit: Unit): Promise<void> {
  const failed = await persist(parts, unit);
  if (failed !== undefined) throw failed.error;
}

async function persist(parts: DeliveryParts, unit: Unit): Promise<Failed | undefined> {
  for (let repetition = 0; ; repetition += 1) {
    const failed = await attempt(parts, unit);
    if (failed === undefined || !isWorthRepeating(failed.error) || repetition >= REPETITIONS_MAX) return failed;
  }
}

/** One transaction: all handlers, what they published, the checkpoint. */
async function attempt(parts: DeliveryParts, { range, events, reached, also }: Unit): Promise<Failed | undefined> {
  const { subscription, database, checkpoints, crashPoint, signal } = parts;
  using guard = openGuard(parts);
  const transaction = database.begin();
  const isBatch = subscription.mode === "batch" && events.length > 0;
  const handled: Handled[] = [];
  for (const [index, unit] of (isBatch ? [events] : events.map((event) => [event])).entries()) {
    try {
      const given = subscription.mode === "outside" ? undefined : transaction;
      handled.push(await guard.run(() => parts.handle(unit, given, guard.signal)));
    } catch (error) {
      const isHanging = isPolderError(error, "HANDLER_TIMED_OUT") || signal.aborted;
      // A hanging handler may still hold the connection: throw it away, so that nothing of it can commit.
      await transaction.rollback(isHanging && error instanceof Error ? error : undefined);
      if (isInfrastructureError(error) || signal.aborted) throw error;
      return { error, index: isBatch && events.length > 1 ? undefined : index };
    }
  }
  try {
    await crashPoint("deliver:before-commit");
    await transaction.commit([...handled.flatMap(({ last }) => last), ...also, checkpoints.advance(range, reached)]);
    await crashPoint("deliver:after-commit");
  } catch (error) {
    await transaction.rollback();
    if (sqlState(error) === LEASE_LOST_STATE) throw leaseLost(parts.stream, error);
    if (isInfrastructureError(error)) throw error;
    return { error, index: undefined };
  }
  for (const { committed } of handled) committed?.();
  return undefined;
}

function tellFailed({ onDelivered }: DeliveryParts, retry: Retry): void {
  onDelivered?.({ outcome: "dead" in retry ? "given up" : "failed", events: 1 });
}

function report(
  { stream, logger }: DeliveryParts,
  event: LoggedEvent,
  what: string,
  fields: { readonly attempts: number; readonly error: unknown },
): void {
  logger.warn(what, { ...stream, event: event.type, key: event.key, seq: String(event.seq), ...fields });
}

interface Failed {
  readonly error: unknown;
  /** Which of the events it was, if that is known. */
  readonly index: number | undefined;
}

/** Holds the handlers of one transaction to their time, each from its own beginning. */
interface Guard extends Disposable {
  /** Aborts when a handler has taken too long, or the process stops hard. */
  readonly signal: AbortSignal;
  readonly run: (handle: () => Promise<Handled>) => Promise<Handled>;
}

function openGuard({ stream, timeoutMs, signal: stopping }: DeliveryParts): Guard {
  const controller = new AbortController();
  const late = Promise.withResolvers<never>();
  // Looked at only while a handler runs.
  late.promise.catch(() => undefined);
  const end = (reason: unknown): void => {
    controller.abort(reason);
    late.reject(reason);
  };
  const stop = (): void => end(stopping.reason);
  const timer = setTimeout(() => {
    end(
      busErrors.HANDLER_TIMED_OUT(
        `The handler of "${stream.subscription}" in "${stream.consumer}" took longer than ${timeoutMs} ms; its transaction was ended. Make it faster, or raise timeoutMs.`,
        { domain: stream.consumer, subscription: stream.subscription, timeoutMs },
      ),
    );
  }, timeoutMs);
  if (stopping.aborted) stop();
  else stopping.addEventListener("abort", stop, { once: true });
  return {
    signal: controller.signal,
    run: async (handle) => {
      timer.refresh();
      return await Promise.race([handle(), late.promise]);
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      stopping.removeEventListener("abort", stop);
    },
  };
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
