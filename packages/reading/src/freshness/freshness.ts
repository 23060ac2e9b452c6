import { setTimeout as wait } from "node:timers/promises";
import { type OperationDetails, positionInvalid } from "@polder/http";
import { type Position, readPosition } from "@polder/model";
import { behind } from "./behind.ts";
import { type Looks, type LooksOptions, openLooks } from "./looks.ts";
import { isGivenUp, isReached, isUnfilled, isWrong, type SeenCopy } from "./seen-copy.ts";
import { timeToWait } from "./time-to-wait.ts";
import { type ServingCopy, wantedCopies } from "./wanted-copies.ts";

/** What {@link openFreshness} needs. */
export interface FreshnessOptions extends LooksOptions {
  /**
   * The domain's copies as they serve now; asked for each query that is not to be older than something. Another build may
   * only come to serve when it has come as far as the one before: otherwise what was waited for could be missing again.
   */
  readonly copies: () => Promise<readonly ServingCopy[]>;
}

/** What a query asks for. */
export interface FreshnessAsked extends OperationDetails {
  /** Positions as text, each well-formed. */
  readonly notBefore: readonly string[];
  /** The names of the copies that it reads. Default: all. */
  readonly reads?: readonly string[] | undefined;
  /** How long to wait at most, in milliseconds. */
  readonly waitMs: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Holds queries until what they read is as new as they were asked to be. */
export interface Freshness {
  /**
   * Waits until every copy that the query reads has handled what these positions stand for, as far as it is built from it.
   * Nothing is held meanwhile, and all who wait share the looks at the database.
   *
   * @throws `READ_MODEL_BEHIND` when the time is over, and at once where such an event was given up; `POSITION_INVALID`
   * for positions of another database, or of a transaction that has not begun yet; the signal's reason when it aborts.
   */
  readonly reached: (asked: FreshnessAsked) => Promise<void>;
  /** Says that a subscription has handled something in this process. */
  readonly handled: (subscription: string) => void;
}

/** Opens the freshness of a domain's copies in one process. */
export function openFreshness(options: FreshnessOptions): Freshness {
  const looks = openLooks(options);
  return {
    reached: async (asked) => {
      const seen = await wantedOf(options, asked);
      if (seen.length === 0) return;
      using time = timeToWait(asked.waitMs, asked.signal);
      try {
        const waiting = waitingFor(seen, options, { looks, signal: time.signal });
        await Promise.all(seen.map((one) => reach(one, waiting)));
      } catch (error) {
        const wrong = seen.filter(isWrong);
        if (wrong.length > 0) throw positionInvalid(asked, violationsOf(wrong));
        const late = seen.find(isGivenUp) ?? (time.isOver(error) ? seen.find((one) => !isReached(one)) : undefined);
        throw late === undefined ? error : behind(asked, late, failureOf(looks, late));
      }
    },
    handled: looks.handled,
  };
}

async function wantedOf(
  { copies }: FreshnessOptions,
  { notBefore, reads }: FreshnessAsked,
): Promise<readonly SeenCopy[]> {
  const positions = notBefore.map(wellFormed);
  return wantedCopies(positions, await copies(), reads).map((wanted) => ({ wanted }));
}

/** Between two looks whether a replica has been filled, in milliseconds. */
const FILL_LOOK_MS = 100;

async function pause(signal: AbortSignal): Promise<void> {
  await wait(FILL_LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** What the copies of one query are waited for with. */
interface Waiting {
  readonly looks: Looks;
  readonly signal: AbortSignal;
  /** Waits until all of them have what they begin with: one look at a time, whoever waits. */
  readonly filled: () => Promise<void>;
}

function waitingFor(
  seen: readonly SeenCopy[],
  { copies }: FreshnessOptions,
  { looks, signal }: Omit<Waiting, "filled">,
): Waiting {
  const fill = async (): Promise<void> => {
    for (let unfilled = seen.filter(isUnfilled); unfilled.length > 0; unfilled = seen.filter(isUnfilled)) {
      await pause(signal);
      const serving = await copies();
      for (const one of unfilled) {
        // Another build of it may serve by now.
        const copy = serving.find(({ name }) => name === one.wanted.copy.name);
        if (copy !== undefined) one.wanted = { ...one.wanted, copy };
      }
    }
  };
  let filling: Promise<void> | undefined;
  return {
    looks,
    signal,
    filled: () => {
      filling ??= fill();
      return filling;
    },
  };
}

/** Waits until a copy has reached a position, and notes down what is seen meanwhile. It throws where that cannot come. */
async function reach(seen: SeenCopy, { looks, signal, filled }: Waiting): Promise<void> {
  const { position, events } = seen.wanted;
  const { publisher } = position;
  const located = await looks.positions(publisher).wait({ position, events }, signal, (found) => {
    seen.located = found;
  });
  if (located.state !== "logged") throw new Error("the position is none of this database");
  if (isUnfilled(seen)) await filled();
  const { subscription } = seen.wanted.copy;
  await looks.progress({ subscription, publisher }).wait(located.wanted, signal, (found) => {
    seen.progress = found;
  });
  if (isGivenUp(seen)) throw new Error("the event was given up");
}

/** Whoever carries calls has checked them. */
function wellFormed(text: string): Position {
  const position = readPosition(text);
  if (position === undefined) throw new Error("a position was not checked before it was asked for");
  return position;
}

/** Each position once, however many copies it matters to. */
function violationsOf(wrong: readonly SeenCopy[]): readonly { readonly pointer: string; readonly problem: string }[] {
  const problems = new Map(
    wrong.map(({ wanted: { index, position }, located }) => [
      `/notBefore/${index}`,
      located?.state === "ahead"
        ? `is of a transaction that has not begun yet in the database of "${position.publisher}", as after it was set back`
        : `is of another database than that of "${position.publisher}" here, as of a copy, or from before it was restored or moved`,
    ]),
  );
  return [...problems].map(([pointer, problem]) => ({ pointer, problem }));
}

function failureOf(looks: Looks, { wanted }: SeenCopy): unknown {
  const { copy, position } = wanted;
  const { publisher } = position;
  const { subscription } = copy;
  return looks.positions(publisher).failure() ?? looks.progress({ subscription, publisher }).failure();
}
