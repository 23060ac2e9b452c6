import { describe, expect, test } from "vitest";
import { type CallAnswer, type CallTransport, hedgedTransport, httpErrors } from "../src/index.ts";
import { bounds, callTo, problem } from "./troubled-transport.ts";
import { virtualClock } from "./virtual-clock.ts";

/** A hedged transport whose attempts the test ends. */
function setUp() {
  const clock = virtualClock();
  const attempts: (PromiseWithResolvers<CallAnswer> & { readonly signal: AbortSignal; readonly deadlineMs: number })[] =
    [];
  const transport: CallTransport = {
    call: (_, { signal, deadlineMs }) => {
      const attempt = Promise.withResolvers<CallAnswer>();
      attempts.push({ ...attempt, signal, deadlineMs });
      signal.addEventListener("abort", () => attempt.reject(signal.reason));
      return attempt.promise;
    },
  };
  const hedged = hedgedTransport({ transport, afterMs: 100, clock });
  return {
    clock,
    attempts,
    call: (kind: "query" | "keyed", signal?: AbortSignal) =>
      hedged.call(callTo("bank", kind), bounds(kind, 1_000, signal)),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const answer = (n: number): CallAnswer => ({ kind: "answered", output: { n } });
const unreachable = () => httpErrors.CALL_UNREACHABLE("Nobody is there.", { api: "bank", operation: "ask" });

describe("a query", () => {
  test("that is answered in time is sent once", async () => {
    const { clock, attempts, call } = setUp();
    const calling = call("query");
    clock.advance(99);
    attempts[0]?.resolve(answer(1));
    expect(await calling).toEqual(answer(1));
    clock.advance(1_000);
    await turn();
    expect(attempts).toHaveLength(1);
  });

  test.each([0, 1])(
    "that is slow is sent again; attempt %d answers first, and the other is aborted",
    async (winner) => {
      const { clock, attempts, call } = setUp();
      const calling = call("query");
      clock.advance(100);
      await turn();
      expect(attempts.map(({ deadlineMs }) => deadlineMs)).toEqual([1_000, 900]);
      attempts[winner]?.resolve(answer(winner));
      expect(await calling).toEqual(answer(winner));
      expect(attempts.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    },
  );

  test.each([0, 1])("of which attempt %d fails waits for the other", async (loser) => {
    const { clock, attempts, call } = setUp();
    const calling = call("query");
    clock.advance(100);
    await turn();
    attempts[loser]?.reject(unreachable());
    await turn();
    attempts[1 - loser]?.resolve(answer(7));
    expect(await calling).toEqual(answer(7));
  });

  test("ends as its first attempt did where both fail, and fails early without a second", async () => {
    const { clock, attempts, call } = setUp();
    const calling = call("query");
    clock.advance(100);
    await turn();
    attempts[1]?.resolve({ kind: "failed", problem: problem(503, "OVERLOADED") });
    attempts[0]?.reject(unreachable());
    await expect(calling).rejects.toMatchObject({ code: "CALL_UNREACHABLE" });
    const early = call("query");
    attempts[2]?.reject(unreachable());
    await expect(early).rejects.toMatchObject({ code: "CALL_UNREACHABLE" });
    expect(attempts).toHaveLength(3);
  });

  test("that its caller gives up gives both attempts up", async () => {
    const { clock, attempts, call } = setUp();
    const controller = new AbortController();
    const calling = call("query", controller.signal);
    clock.advance(100);
    await turn();
    const reason = new Error("no longer wanted");
    controller.abort(reason);
    await expect(calling).rejects.toBe(reason);
    expect(attempts.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  });
});

test("a command is sent once, with a key as well", async () => {
  const { clock, attempts, call } = setUp();
  const calling = call("keyed");
  clock.advance(10_000);
  await turn();
  expect(attempts).toHaveLength(1);
  attempts[0]?.resolve(answer(1));
  await calling;
});
