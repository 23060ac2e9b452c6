import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bulkheadTransport, type CallTransport, resilientTransport } from "../src/index.ts";
import { bounds, callTo } from "./troubled-transport.ts";

/** A transport whose calls end when the test says so. */
function heldTransport() {
  const ends: (() => void)[] = [];
  let under = 0;
  let most = 0;
  const transport: CallTransport = {
    call: async () => {
      under += 1;
      most = Math.max(most, under);
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.push(resolve);
      await promise;
      under -= 1;
      return { kind: "answered", output: null };
    },
  };
  return { transport, ends, most: () => most };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe.each([
  ["beside a breaker", resilientTransport],
  ["alone", bulkheadTransport],
])("a bulkhead %s", (_, wrap) => {
  test("lets so many through, so many wait, and no more: CALL_BULKHEAD_FULL", async () => {
    const sizes = fc.record({
      calls: fc.integer({ min: 1, max: 40 }),
      concurrentMax: fc.integer({ min: 1, max: 10 }),
      queueMax: fc.nat(10),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ calls, concurrentMax, queueMax }) => {
        const held = heldTransport();
        const transport = wrap({ transport: held.transport, rules: { concurrentMax, queueMax } });
        const made = Array.from({ length: calls }, () =>
          transport.call(callTo("bank", "unkeyed"), bounds("unkeyed", 1_000)).then(
            () => "done",
            (error: { readonly code?: string }) => error.code,
          ),
        );
        const admitted = Math.min(calls, concurrentMax + queueMax);
        for (let ended = 0; ended < admitted; ended += 1) {
          while (held.ends.length <= ended) await turn();
          held.ends[ended]?.();
        }
        const outcomes = await Promise.all(made);
        expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(admitted);
        expect(outcomes.filter((outcome) => outcome === "CALL_BULKHEAD_FULL")).toHaveLength(calls - admitted);
        expect(held.most()).toBeLessThanOrEqual(concurrentMax);
      }),
    );
  });

  test("is one for each domain: a slow one does not keep the calls to another back", async () => {
    const held = heldTransport();
    const transport = wrap({ transport: held.transport, rules: { concurrentMax: 1, queueMax: 0 } });
    const first = transport.call(callTo("bank", "unkeyed"), bounds("unkeyed", 1_000));
    await expect(transport.call(callTo("bank.archive", "unkeyed"), bounds("unkeyed", 1_000))).rejects.toMatchObject({
      code: "CALL_BULKHEAD_FULL",
      details: { callee: "bank", concurrentMax: 1, queueMax: 0 },
    });
    const other = transport.call(callTo("weather", "unkeyed"), bounds("unkeyed", 1_000));
    for (const end of held.ends) end();
    expect(await Promise.all([first, other])).toHaveLength(2);
  });

  test("lets go at once of who waits and is given up, and never makes that call", async () => {
    const held = heldTransport();
    const transport = wrap({ transport: held.transport, rules: { concurrentMax: 1, queueMax: 1 } });
    const first = transport.call(callTo("bank", "unkeyed"), bounds("unkeyed", 1_000));
    const controller = new AbortController();
    const second = transport.call(callTo("bank", "unkeyed"), bounds("unkeyed", 1_000, controller.signal));
    const reason = new Error("no longer wanted");
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    held.ends[0]?.();
    await first;
    const third = transport.call(callTo("bank", "unkeyed"), bounds("unkeyed", 1_000));
    while (held.ends.length < 2) await turn();
    held.ends[1]?.();
    await third;
    expect(held.ends).toHaveLength(2);
  });

  test("gives the place free of a call that is given up, also where its transport goes on", async () => {
    const held = heldTransport();
    const transport = wrap({ transport: held.transport, rules: { concurrentMax: 1, queueMax: 0 } });
    const controller = new AbortController();
    const first = transport.call(callTo("bank", "unkeyed"), bounds("unkeyed", 1_000, controller.signal));
    controller.abort(new Error("no longer wanted"));
    await expect(first).rejects.toThrow("no longer wanted");
    const second = transport.call(callTo("bank", "unkeyed"), bounds("unkeyed", 1_000));
    held.ends[1]?.();
    expect(await second).toMatchObject({ kind: "answered" });
  });
});
