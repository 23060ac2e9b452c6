import type { Logger } from "@polder/model";
import { type WorkAtHand, workAtHand } from "../work-at-hand.ts";
import { rarely } from "./rarely.ts";

/** From when on work is slow. */
export interface SlowOptions {
  /** A statement, in milliseconds. Default 500. */
  readonly statementMs?: number;
  /** A handler, from its beginning to its end, in milliseconds. Default 1,000. */
  readonly handlerMs?: number;
}

/** Looks at how long work took; says whether it was slow. */
export interface SlowWork {
  readonly statement: (domain: string, text: string, seconds: number) => boolean;
  readonly handler: (work: WorkAtHand, seconds: number) => boolean;
}

/** Longest text of a statement that is logged. */
const STATEMENT_LENGTH_MAX = 1_000;

/**
 * Says in the log what was slow: the same statement of the same handler, and the same handler, once a minute at most,
 * with how often it was not said meanwhile. The text of a statement has no values in it.
 */
export function slowWork({ statementMs = 500, handlerMs = 1_000 }: SlowOptions, logger: Logger): SlowWork {
  const said = rarely();
  const say = (what: string, key: string, fields: Readonly<Record<string, unknown>>): void => {
    const unsaid = said.times(key);
    if (unsaid !== undefined) logger.warn(what, { ...fields, ...(unsaid === 0 ? {} : { sinceLast: unsaid }) });
  };
  return {
    statement: (domain, text, seconds) => {
      if (seconds * 1_000 < statementMs) return false;
      const handler = workAtHand()?.handler;
      const statement = text.slice(0, STATEMENT_LENGTH_MAX);
      const fields = { domain, ...(handler === undefined ? {} : { handler }), durationMs: inMs(seconds), statement };
      say("a statement was slow", `${domain} ${handler} ${statement}`, fields);
      return true;
    },
    handler: ({ domain, handler }, seconds) => {
      if (seconds * 1_000 < handlerMs) return false;
      say("a handler was slow", `${domain} ${handler}`, { domain, handler, durationMs: inMs(seconds) });
      return true;
    },
  };
}

function inMs(seconds: number): number {
  return Math.round(seconds * 1_000);
}
