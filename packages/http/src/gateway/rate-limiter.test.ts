import { expect, test } from "vitest";
import { createRateLimiter } from "./rate-limiter.ts";

test("a burst is let through, then as many a second as are allowed", () => {
  const limiter = createRateLimiter({ perSecond: 2, burst: 3 });
  const take = (nowMs: number) => limiter.take("ada", nowMs);
  expect([take(0), take(0), take(0), take(0)]).toEqual([0, 0, 0, 500]);
  expect([take(400), take(500), take(500)]).toEqual([100, 0, 500]);
  expect([take(60_000), take(60_000), take(60_000), take(60_000)]).toEqual([0, 0, 0, 500]);
});

test("each caller has a bucket of its own", () => {
  const limiter = createRateLimiter({ perSecond: 1, burst: 1 });
  expect([limiter.take("ada", 0), limiter.take("bob", 0), limiter.take("ada", 0)]).toEqual([0, 0, 1_000]);
});

test("callers beyond the limit push out the one that has waited for longest", () => {
  const limiter = createRateLimiter({ perSecond: 1, burst: 1 }, { callersMax: 2 });
  for (const caller of ["ada", "bob", "ada", "cyd"]) limiter.take(caller, 0);
  expect(limiter.take("ada", 0)).toBe(1_000);
  expect(limiter.take("bob", 0)).toBe(0);
});
