import { type Logger, silentLogger } from "@polder/model";
import type { ContractUse } from "./contract-use.ts";

/** What is told when a contract is used. */
export type UsedContract = Pick<ContractUse, "contract" | "version" | "consumer" | "calls">;

/** Counts who uses which contract, and writes it down now and then. */
export interface UseRecorder {
  /** Counts in memory; it neither waits nor throws. */
  readonly used: (use: UsedContract) => void;
  /** Writes down what has been counted. What cannot be written stays counted. */
  readonly flush: () => Promise<void>;
  /** Writes down what is left and ends; when the signal aborts, what is left is given up. */
  readonly stop: (options: { readonly signal: AbortSignal }) => Promise<void>;
}

/** What {@link startUseRecorder} needs. */
export interface UseRecorderOptions {
  readonly record: (uses: readonly ContractUse[]) => Promise<void>;
  readonly environment: string;
  /** Consumers that are there without calling, such as subscriptions: counted with 0 calls once a minute. */
  readonly standing?: () => readonly UsedContract[];
  /** How often it is written down, in milliseconds. Default 5,000. */
  readonly flushMs?: number;
  /** Contracts, versions and consumers that are told apart at most between two writings. Default 10,000. */
  readonly usesMax?: number;
  readonly logger?: Logger;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/** How often consumers that are there without calling are counted, in milliseconds. */
const STANDING_MS = 60_000;

/** Who is counted for all that are too many to be told apart. */
const OTHERS = "other";

/** Starts to count. Nothing that was told is left out: only who it was, where there are too many. */
export function startUseRecorder(options: UseRecorderOptions): UseRecorder {
  const { record, environment, standing, usesMax = 10_000, logger = silentLogger, now = Date.now } = options;
  let counted = new Map<string, ContractUse>();
  let stoodAtMs = Number.NEGATIVE_INFINITY;
  let writing: Promise<void> = Promise.resolve();
  let isFailing = false;
  const add = (use: ContractUse): void => {
    const known = keyOf(use);
    const told = counted.has(known) || counted.size < usesMax ? use : { ...use, consumer: OTHERS };
    const before = counted.get(keyOf(told));
    const seenAt = before !== undefined && before.seenAt > told.seenAt ? before.seenAt : told.seenAt;
    counted.set(keyOf(told), { ...told, calls: told.calls + (before?.calls ?? 0), seenAt });
  };
  const used: UseRecorder["used"] = (use) => add({ ...use, environment, seenAt: new Date(now()) });
  const write = async (): Promise<void> => {
    if (standing !== undefined && now() - stoodAtMs >= STANDING_MS) {
      stoodAtMs = now();
      for (const use of standing()) used(use);
    }
    const taken = counted;
    if (taken.size === 0) return;
    counted = new Map();
    try {
      await record([...taken.values()]);
      isFailing = false;
    } catch (error) {
      for (const use of taken.values()) add(use);
      // Once, not every few seconds: who asks whether a version can go has to know that nothing is written down.
      const level = isFailing ? "debug" : "warn";
      isFailing = true;
      logger[level]("who uses which contract was not written down; it is tried again", { error });
    }
  };
  const flush = (): Promise<void> => (writing = writing.then(write));
  const timer = setInterval(() => void flush(), options.flushMs ?? 5_000);
  timer.unref();
  return {
    used,
    flush,
    stop: async ({ signal }) => {
      clearInterval(timer);
      if (signal.aborted) return;
      const { promise: givenUp, resolve } = Promise.withResolvers<void>();
      const giveUp = (): void => resolve();
      signal.addEventListener("abort", giveUp, { once: true });
      await Promise.race([flush(), givenUp]);
      signal.removeEventListener("abort", giveUp);
    },
  };
}

/** The day is a part of it, so that calls before midnight are not counted for the day after. */
function keyOf({ contract, version, consumer, seenAt }: ContractUse): string {
  return JSON.stringify([contract, version, consumer, seenAt.toISOString().slice(0, 10)]);
}
