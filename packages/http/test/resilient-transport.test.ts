import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bulkheadTransport, type CallRules, callRules, resilientTransport } from "../src/index.ts";
import {
  bounds,
  callTo,
  type End,
  type kinds,
  type Made,
  type Scripted,
  troubledTransport,
} from "./troubled-transport.ts";
import { virtualClock } from "./virtual-clock.ts";

/** Rules by which nothing but repetitions happens. */
const onlyRepeating = { failuresMax: 1_000_000, windowCallsMin: 1_000_000 };

const transient: fc.Arbitrary<End> = fc.oneof(
  fc.constant<End>("unreachable"),
  fc.record({
    status: fc.constantFrom(429, 502, 503, 504),
    code: fc.constantFrom("OVERLOADED", "SHUTTING_DOWN", "POSTGRES_BUSY"),
    retryAfterMs: fc.integer({ min: 0, max: 3_000 }),
  }),
);
const final: fc.Arbitrary<End> = fc.oneof(
  fc.constantFrom<End>("answers", "refuses", "garbage", "too large", "hangs"),
  fc.record({
    status: fc.constantFrom(400, 404, 409, 413, 422, 499, 500),
    code: fc.constantFrom("INPUT_INVALID", "HANDLER_FAILED"),
  }),
  fc.constant<End>({ status: 503, code: "DEPENDENCY_FAILED", retryAfterMs: 5 }),
);
const script: fc.Arbitrary<readonly Scripted[]> = fc.array(
  fc.record({
    end: fc.oneof({ arbitrary: transient, weight: 4 }, { arbitrary: final, weight: 1 }),
    takesMs: fc.nat(800),
  }),
  { minLength: 1, maxLength: 12 },
);
const rules: fc.Arbitrary<Partial<CallRules>> = fc.record({
  attemptsMax: fc.integer({ min: 1, max: 8 }),
  backoffMs: fc.nat(500),
  backoffMaxMs: fc.nat(2_000),
});

interface Law {
  readonly kind: keyof typeof kinds;
  readonly script: readonly Scripted[];
  readonly rules: Partial<CallRules>;
  readonly deadlineMs: number;
  readonly randoms: readonly number[];
}

const law: fc.Arbitrary<Law> = fc.record({
  kind: fc.constantFrom<keyof typeof kinds>("query", "keyed", "unkeyed"),
  script,
  rules,
  deadlineMs: fc.integer({ min: 1, max: 6_000 }),
  randoms: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 }),
});

/** Makes one call by a law; gives the attempts that it came to, and when its deadline was. */
async function callBy({ kind, script: written, rules: given, deadlineMs, randoms }: Law) {
  const clock = virtualClock({ runsAhead: true });
  const endsAtMs = clock.nowMs() + deadlineMs;
  const { transport, made } = troubledTransport(written, clock);
  let drawn = 0;
  const random = (): number => randoms[drawn++ % randoms.length] ?? 0;
  const all = { ...callRules, ...onlyRepeating, ...given };
  const resilient = resilientTransport({ transport, rules: all, clock, random });
  const result = await resilient.call(callTo("bank", kind), bounds(kind, deadlineMs)).then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error }),
  );
  return { made, result, endsAtMs, endedAtMs: clock.nowMs(), rules: all };
}

const endOf = (written: readonly Scripted[], index: number): End => written[index]?.end ?? "answers";
const isTransient = (end: End): boolean =>
  end === "unreachable" ||
  (typeof end === "object" && end.code !== "DEPENDENCY_FAILED" && [429, 502, 503, 504].includes(end.status));

describe("whatever happens", () => {
  test("no attempt begins at or after the deadline, each has what is left of it, and the call ends by then", async () => {
    await fc.assert(
      fc.asyncProperty(law, async (one) => {
        const { made, endsAtMs, endedAtMs } = await callBy(one);
        for (const { atMs, deadlineMs } of made) {
          expect(atMs).toBeLessThan(endsAtMs);
          expect(deadlineMs).toBe(endsAtMs - atMs);
        }
        expect(endedAtMs).toBeLessThanOrEqual(endsAtMs);
      }),
    );
  });

  test("there are as many attempts as may be, and one for a command without a key", async () => {
    await fc.assert(
      fc.asyncProperty(law, async (one) => {
        const { made, rules: all } = await callBy(one);
        expect(made.length).toBeGreaterThanOrEqual(1);
        expect(made.length).toBeLessThanOrEqual(one.kind === "unkeyed" ? 1 : all.attemptsMax);
      }),
    );
  });

  test("only what a repetition may mend is repeated, and the call ends as its last attempt did", async () => {
    await fc.assert(
      fc.asyncProperty(law, async (one) => {
        const { made, result } = await callBy(one);
        for (const index of made.keys())
          if (index < made.length - 1) expect(isTransient(endOf(one.script, index))).toBe(true);
        const { end, takesMs } = one.script[made.length - 1] ?? { end: "answers", takesMs: 0 };
        const left = made.at(-1)?.deadlineMs ?? 0;
        if (end === "hangs" || takesMs >= left)
          expect(result).toMatchObject({ error: { code: "CALL_DEADLINE_EXCEEDED" } });
        else if (end === "unreachable") expect(result).toMatchObject({ error: { code: "CALL_UNREACHABLE" } });
        else if (end === "answers") expect(result).toMatchObject({ answer: { kind: "answered" } });
        else if (typeof end === "object") expect(result).toMatchObject({ answer: { problem: { code: end.code } } });
      }),
    );
  });

  test("between two attempts passes what the other side asks for, and the jitter of that attempt", async () => {
    await fc.assert(
      fc.asyncProperty(law, async (one) => {
        const { made, rules: all } = await callBy(one);
        made.slice(1).forEach((next, index) => {
          const before = one.script[index];
          const asked = typeof before?.end === "object" ? (before.end.retryAfterMs ?? 0) : 0;
          const waitedMs = next.atMs - (made[index] as Made).atMs - (before?.takesMs ?? 0) - asked;
          expect(waitedMs).toBeGreaterThanOrEqual(-1e-6);
          expect(waitedMs).toBeLessThanOrEqual(Math.min(all.backoffMaxMs, all.backoffMs * 2 ** index) + 1e-6);
        });
      }),
    );
  });

  test("every attempt carries the same request, whatever an earlier one made of it", async () => {
    await fc.assert(
      fc.asyncProperty(law, async (one) => {
        const { made } = await callBy(one);
        for (const { request } of made) expect(request).toEqual(made[0]?.request);
      }),
    );
  });
});

test("a caller that gives up while the next attempt is waited for gets its own reason, and no attempt is made", async () => {
  const clock = virtualClock();
  const { transport, made } = troubledTransport([{ end: "unreachable", takesMs: 0 }], clock);
  const controller = new AbortController();
  const waiting = Promise.withResolvers<void>();
  const watched = {
    ...clock,
    wait: (...wait: Parameters<typeof clock.wait>) => {
      waiting.resolve();
      return clock.wait(...wait);
    },
  };
  const resilient = resilientTransport({ transport, clock: watched, random: () => 0.5 });
  const call = resilient.call(callTo("bank", "query"), bounds("query", 1_000, controller.signal));
  await waiting.promise;
  const reason = new Error("no longer wanted");
  controller.abort(reason);
  await expect(call).rejects.toBe(reason);
  expect(made).toHaveLength(1);
});

test.each([
  [{ concurrentMax: 0 }, "rules.concurrentMax"],
  [{ attemptsMax: 11 }, "rules.attemptsMax"],
  [{ failureRateMax: 1.5 }, "rules.failureRateMax"],
  [{ openMs: undefined as unknown as number }, "rules.openMs"],
  [{ retries: 3 } as object, "rules.retries"],
])("the rules %j cannot be: DECLARATION_INVALID", (wrong, place) => {
  const { transport } = troubledTransport([], virtualClock());
  for (const wrap of [resilientTransport, bulkheadTransport])
    expect(() => wrap({ transport, rules: wrong })).toThrow(
      expect.objectContaining({
        code: "DECLARATION_INVALID",
        details: expect.objectContaining({ problems: [expect.objectContaining({ place })] }),
      }),
    );
});

test("with the rules for which nothing else is said, a query is tried three times", async () => {
  const clock = virtualClock({ runsAhead: true });
  const always = Array.from({ length: 9 }, (): Scripted => ({ end: "unreachable", takesMs: 1 }));
  const { transport, made } = troubledTransport(always, clock);
  const resilient = resilientTransport({ transport, clock });
  await expect(resilient.call(callTo("bank", "query"), bounds("query", 5_000))).rejects.toMatchObject({
    code: "CALL_UNREACHABLE",
  });
  expect(made).toHaveLength(3);
});
