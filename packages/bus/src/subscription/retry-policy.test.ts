import fc from "fast-check";
import { expect, test } from "vitest";
import { retryPolicy } from "./retry-policy.ts";

test("the wait grows, stays within its bounds, and ends with the last attempt", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attemptsMax, backoffMs, backoffMaxMs, luck) => {
        const policy = retryPolicy({ attemptsMax, backoffMs, backoffMaxMs, random: () => luck });
        for (let attempt = 1; attempt < attemptsMax; attempt += 1) {
          const retry = policy(attempt);
          const fullMs = Math.min(backoffMaxMs, backoffMs * 2 ** Math.min(30, attempt - 1));
          expect("inMs" in retry && retry.inMs >= fullMs / 2 && retry.inMs <= fullMs).toBe(true);
        }
        expect(policy(attemptsMax)).toEqual({ dead: true });
        expect(policy(attemptsMax + 1)).toEqual({ dead: true });
      },
    ),
  );
});
