import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { startDeadline } from "./deadline.ts";

const call = { api: "inventory", operation: "reserve" };

test("work that ends in time is what a race gives, and nothing is left behind", async () => {
  const outer = new AbortController();
  {
    using deadline = startDeadline({ ...call, deadlineMs: 1_000_000, signals: [outer.signal, undefined] });
    expect(await deadline.race(Promise.resolve(7))).toBe(7);
    expect(deadline.remainingMs()).toBeGreaterThan(0);
    expect(getEventListeners(deadline.signal, "abort")).toEqual([]);
  }
  expect(getEventListeners(outer.signal, "abort")).toEqual([]);
});

test("work that never ends is given up with CALL_DEADLINE_EXCEEDED", async () => {
  using deadline = startDeadline({ ...call, deadlineMs: 5 });
  await expect(deadline.race(new Promise(() => undefined))).rejects.toMatchObject({
    code: "CALL_DEADLINE_EXCEEDED",
    details: { ...call, deadlineMs: 5 },
  });
  expect(deadline.remainingMs()).toBe(0);
});

test("an outer signal ends it with CALL_ABORTED, also one that has aborted before", async () => {
  using deadline = startDeadline({ ...call, deadlineMs: 1_000, signals: [AbortSignal.abort("gone")] });
  await expect(deadline.race(new Promise(() => undefined))).rejects.toMatchObject({
    code: "CALL_ABORTED",
    cause: "gone",
  });
});

test("everything that is raced is given up with the same error, also what is raced afterwards", async () => {
  const outer = new AbortController();
  using deadline = startDeadline({ ...call, deadlineMs: 1_000_000, signals: [outer.signal] });
  const races = [1, 2].map(() => deadline.race(new Promise(() => undefined)));
  outer.abort("gone");
  const late = deadline.race(new Promise(() => undefined));
  const settled = await Promise.allSettled([...races, late]);
  expect(settled).toEqual(settled.map(() => ({ status: "rejected", reason: deadline.signal.reason })));
});

test.each([Number.POSITIVE_INFINITY, 2 ** 40])(
  "%d ms is as long as a timer goes, and not over at once",
  (deadlineMs) => {
    using deadline = startDeadline({ ...call, deadlineMs });
    expect(deadline.signal.aborted).toBe(false);
  },
);
