import { command, PolderError, query } from "@polder/model";
import { z } from "zod";
import type { CallAnswer, CallRequest, CallTransport, ProblemDocument, TransportOptions } from "../src/index.ts";
import { httpErrors } from "../src/index.ts";
import type { VirtualClock } from "./virtual-clock.ts";

// A transport whose answers a test writes down, in the place of a network that would not fail on demand. What really
// fails is in packages/runtime/test/callee-down.test.ts.

/** How one attempt ends. */
export type End =
  | "answers"
  | "refuses"
  | "unreachable"
  | "garbage"
  | "too large"
  | "hangs"
  | { readonly status: number; readonly code: string; readonly retryAfterMs?: number };

/** An attempt that is to come: how it ends, and after how long. */
export interface Scripted {
  readonly end: End;
  readonly takesMs: number;
}

/** An attempt that was made. */
export interface Made {
  readonly atMs: number;
  readonly deadlineMs: number;
  readonly request: CallRequest;
}

const ask = query("GET /ask", { input: z.object({ n: z.int().optional() }), output: z.object({ n: z.int() }) });
const tell = command("POST /told", { input: z.object({ n: z.int().optional() }) });

/** The three kinds of calls there are, as far as repetitions are concerned. */
export const kinds = {
  query: { declared: ask, key: {} },
  keyed: { declared: tell, key: { key: "k1" } },
  unkeyed: { declared: tell, key: {} },
} as const;

/** A call of one kind to a domain. */
export function callTo(api: string, kind: keyof typeof kinds): Pick<CallRequest, "api" | "operation"> & CallRequest {
  return { api, version: "1.0.0", operation: "ask", input: { n: 1 }, headers: {}, ...kinds[kind].key };
}

/** A problem document of a code. */
export function problem(status: number, code: string, retryAfterMs?: number): ProblemDocument {
  const told = { type: `/docs/errors/${code}`, title: code, status, detail: `It is ${code}.`, code };
  return retryAfterMs === undefined ? told : { ...told, retryAfterMs };
}

/** Makes a transport that does what is written, moving the clock, and answers when nothing is written any more. */
export function troubledTransport(
  script: readonly Scripted[],
  clock: VirtualClock,
): { readonly transport: CallTransport; readonly made: readonly Made[] } {
  const made: Made[] = [];
  return {
    made,
    transport: {
      call: async (request, options) => {
        const { end, takesMs } = script[made.length] ?? { end: "answers", takesMs: 0 };
        made.push({ atMs: clock.nowMs(), deadlineMs: options.deadlineMs, request: structuredClone(request) });
        // What carries a call may change its input.
        Object.assign(request.input as object, { n: 99 });
        const isTooSlow = end === "hangs" || takesMs >= options.deadlineMs;
        clock.advance(isTooSlow ? options.deadlineMs : takesMs);
        if (isTooSlow) throw new GivenUp();
        return ended(end, request);
      },
    },
  };
}

/** In the place of a deadline's error: the time of a test moves without its signals. */
export class GivenUp extends PolderError {
  constructor() {
    super("CALL_DEADLINE_EXCEEDED", "It took too long.", { api: "a", operation: "ask", deadlineMs: 1 });
  }
}

function ended(end: Exclude<End, "hangs">, call: CallRequest): CallAnswer {
  if (end === "answers") return { kind: "answered", output: { n: 1 } };
  if (end === "refuses") return { kind: "refused", refusal: "No", details: {} };
  if (end === "unreachable") throw httpErrors.CALL_UNREACHABLE("Nobody is there.", call);
  if (end === "garbage") throw httpErrors.ANSWER_INVALID("It is no JSON.", { ...call, violations: [] });
  if (end === "too large") throw httpErrors.ANSWER_TOO_LARGE("It is too large.", { ...call, bytesMax: 1 });
  return { kind: "failed", problem: problem(end.status, end.code, end.retryAfterMs) };
}

/** What a transport is called with, beside the request. */
export function bounds(kind: keyof typeof kinds, deadlineMs: number, signal?: AbortSignal): TransportOptions {
  return { declared: kinds[kind].declared, deadlineMs, signal: signal ?? new AbortController().signal };
}
