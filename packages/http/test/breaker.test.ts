import { type Logger, silentLogger } from "@polder/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CallRules, type CallTransport, httpErrors, resilientTransport } from "../src/index.ts";
import { bounds, callTo, type End, type Scripted, troubledTransport } from "./troubled-transport.ts";
import { virtualClock } from "./virtual-clock.ts";

const changes = /is (open|half open|closed)/;

function recordingLogger(): { readonly logger: Logger; readonly told: readonly (string | undefined)[] } {
  const told: (string | undefined)[] = [];
  const tell = (message: string): void => void told.push(changes.exec(message)?.[1]);
  return { told, logger: { ...silentLogger, info: tell, warn: tell } };
}

/** Rules by which nothing is repeated, and only failures in a row count. */
const inARow: Partial<CallRules> = { attemptsMax: 1, failuresMax: 3, windowCallsMin: 1_000_000, openMs: 1_000 };

function setUp(script: readonly End[], rules: Partial<CallRules> = inARow) {
  const clock = virtualClock();
  const { logger, told } = recordingLogger();
  const scripted = script.map((end): Scripted => ({ end, takesMs: 0 }));
  const { transport, made } = troubledTransport(scripted, clock);
  const resilient = resilientTransport({ transport, rules, clock, logger });
  const call = (): Promise<string> =>
    resilient.call(callTo("bank", "query"), bounds("query", 5_000)).then(
      (answer) => (answer.kind === "failed" ? answer.problem.code : answer.kind),
      (error: { readonly code: string }) => error.code,
    );
  return { clock, told, made, call };
}

const fails: readonly End[] = [
  "unreachable",
  "garbage",
  { status: 502, code: "CALL_UNREACHABLE" },
  { status: 503, code: "OVERLOADED" },
  { status: 504, code: "SOME_GATEWAY" },
];
const works: readonly End[] = [
  "answers",
  "refuses",
  "too large",
  { status: 400, code: "INPUT_INVALID" },
  { status: 429, code: "TOO_MANY" },
  { status: 500, code: "HANDLER_FAILED" },
  { status: 503, code: "DEPENDENCY_FAILED" },
];

test("it opens, half-opens and closes as its model does, whatever comes, and tells every change once", async () => {
  const step = fc.record({
    end: fc.constantFrom(...fails, ...works),
    afterMs: fc.constantFrom(0, 1, 400, 999, 1_000, 2_500),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      let state: "closed" | "open" = "closed";
      let failures = 0;
      let openedAtMs = 0;
      const expected: { letThrough: boolean }[] = [];
      const changed: string[] = [];
      // The model, first: it knows which of the steps reach the transport.
      let nowMs = 1_000;
      const script: End[] = [];
      for (const { end, afterMs } of steps) {
        nowMs += afterMs;
        const isProbe = state === "open" && nowMs - openedAtMs >= 1_000;
        const letThrough = state === "closed" || isProbe;
        expected.push({ letThrough });
        if (!letThrough) continue;
        script.push(end);
        if (isProbe) changed.push("half open");
        const failed = fails.includes(end);
        failures = failed ? failures + 1 : 0;
        if (failed && (isProbe || failures >= 3)) {
          state = "open";
          openedAtMs = nowMs;
          changed.push("open");
        } else if (isProbe) {
          state = "closed";
          failures = 0;
          changed.push("closed");
        }
      }
      const { clock, told, made, call } = setUp(script);
      for (const [index, { afterMs }] of steps.entries()) {
        clock.advance(afterMs);
        const before = made.length;
        const code = await call();
        expect(code === "CALL_CIRCUIT_OPEN").toBe(!expected[index]?.letThrough);
        expect(made.length - before).toBe(expected[index]?.letThrough ? 1 : 0);
      }
      expect(told).toEqual(changed);
    }),
    { numRuns: 300 },
  );
});

test("it opens when too large a share of the calls in its window fails, and not before there are enough of them", async () => {
  const half: readonly End[] = Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? "unreachable" : "answers"));
  const rules = { attemptsMax: 1, failuresMax: 100, windowCallsMin: 9, windowMs: 1_000, failureRateMax: 0.5 };
  const { clock, told, call } = setUp(half, rules);
  for (let made = 0; made < 8; made += 1) await call();
  expect(told).toEqual([]);
  await call();
  expect(told).toEqual(["open"]);
  const patient = setUp(half, rules);
  for (let made = 0; made < 40; made += 1) {
    // So that never more than eight are in the window.
    patient.clock.advance(125);
    await patient.call();
  }
  expect(patient.told).toEqual([]);
  expect(clock.nowMs()).toBe(1_000);
});

test("CALL_CIRCUIT_OPEN says whom it is about and how long it lasts", async () => {
  const clock = virtualClock();
  const { transport } = troubledTransport([{ end: "unreachable", takesMs: 0 }], clock);
  const resilient = resilientTransport({ transport, rules: { ...inARow, failuresMax: 1 }, clock });
  await expect(resilient.call(callTo("bank", "query"), bounds("query", 5_000))).rejects.toThrow();
  clock.advance(300);
  await expect(resilient.call(callTo("bank", "query"), bounds("query", 5_000))).rejects.toMatchObject({
    code: "CALL_CIRCUIT_OPEN",
    details: { api: "bank", operation: "ask", callee: "bank", retryAfterMs: 700 },
  });
  // Another domain has a circuit of its own.
  expect(await resilient.call(callTo("weather", "query"), bounds("query", 5_000))).toMatchObject({ kind: "answered" });
});

test("a call whose repetition is not let through ends with what went wrong before", async () => {
  const clock = virtualClock({ runsAhead: true });
  const always = Array.from({ length: 9 }, (): Scripted => ({ end: "unreachable", takesMs: 0 }));
  const { transport, made } = troubledTransport(always, clock);
  const resilient = resilientTransport({ transport, rules: { failuresMax: 1 }, clock, random: () => 0.5 });
  const call = resilient.call(callTo("bank", "query"), bounds("query", 5_000));
  await expect(call).rejects.toMatchObject({ code: "CALL_UNREACHABLE" });
  expect(made).toHaveLength(1);
});

test.each([
  [999, []],
  [1_000, ["open"]],
])("a deadline that the other side says has passed, after %d ms: %j", async (takesMs, expected) => {
  const clock = virtualClock();
  const { logger, told } = recordingLogger();
  const end: End = { status: 504, code: "CALL_DEADLINE_EXCEEDED" };
  const { transport } = troubledTransport([{ end, takesMs }], clock);
  const resilient = resilientTransport({ transport, rules: { ...inARow, failuresMax: 1 }, clock, logger });
  await resilient.call(callTo("bank", "query"), bounds("query", 5_000));
  expect(told).toEqual(expected);
});

/** A transport whose calls the test ends one by one. */
function stepwise() {
  const calls: PromiseWithResolvers<"answers" | "fails">[] = [];
  const transport: CallTransport = {
    call: async (request) => {
      const call = Promise.withResolvers<"answers" | "fails">();
      calls.push(call);
      if ((await call.promise) === "fails") throw httpErrors.CALL_UNREACHABLE("Nobody is there.", request);
      return { kind: "answered", output: null };
    },
  };
  return { transport, calls };
}

describe("calls at the same time", () => {
  function open(rules: Partial<CallRules>) {
    const clock = virtualClock();
    const { logger, told } = recordingLogger();
    const { transport, calls } = stepwise();
    const resilient = resilientTransport({ transport, rules: { ...inARow, failuresMax: 1, ...rules }, clock, logger });
    const call = (signal?: AbortSignal): Promise<string> =>
      resilient.call(callTo("bank", "query"), bounds("query", 5_000, signal)).then(
        ({ kind }) => kind,
        (error: { readonly code?: string; readonly message: string }) => error.code ?? error.message,
      );
    return { clock, told, calls, call };
  }

  test.each([1, 2, 3])(
    "with %d probes, as many go through, the others fail at once, and all of them must succeed",
    async (probes) => {
      const { clock, told, calls, call } = open({ probes });
      const first = call();
      calls[0]?.resolve("fails");
      await first;
      clock.advance(1_000);
      const probing = Array.from({ length: probes }, () => call());
      expect(await call()).toBe("CALL_CIRCUIT_OPEN");
      for (let probe = 1; probe <= probes; probe += 1) {
        expect(told).toEqual(["open", "half open"]);
        calls[probe]?.resolve("answers");
        expect(await probing[probe - 1]).toBe("answered");
      }
      expect(told).toEqual(["open", "half open", "closed"]);
    },
  );

  test("one probe that fails opens it again", async () => {
    const { clock, told, calls, call } = open({ probes: 2 });
    const first = call();
    calls[0]?.resolve("fails");
    await first;
    clock.advance(1_000);
    const probing = [call(), call()];
    calls[1]?.resolve("answers");
    calls[2]?.resolve("fails");
    expect(await Promise.all(probing)).toEqual(["answered", "CALL_UNREACHABLE"]);
    expect(told).toEqual(["open", "half open", "open"]);
    expect(await call()).toBe("CALL_CIRCUIT_OPEN");
  });

  test("what began before it opened says nothing about the domain after it", async () => {
    const { clock, told, calls, call } = open({});
    const [early, first] = [call(), call()];
    calls[1]?.resolve("fails");
    await first;
    clock.advance(1_000);
    const probe = call();
    calls[0]?.resolve("fails");
    expect(await early).toBe("CALL_UNREACHABLE");
    expect(told).toEqual(["open", "half open"]);
    calls[2]?.resolve("answers");
    await probe;
    expect(told).toEqual(["open", "half open", "closed"]);
  });

  test("a probe that its caller gives up has not shown that the domain works", async () => {
    const { clock, told, calls, call } = open({});
    const first = call();
    calls[0]?.resolve("fails");
    await first;
    clock.advance(1_000);
    const controller = new AbortController();
    const probe = call(controller.signal);
    controller.abort(new Error("no longer wanted"));
    expect(await probe).toBe("no longer wanted");
    expect(told).toEqual(["open", "half open", "open"]);
  });

  test("an attempt that is given up counts when it has been slow, and not when its caller was impatient", async () => {
    const { clock, told, call } = open({ slowAfterMs: 500 });
    const impatient = new AbortController();
    const early = call(impatient.signal);
    clock.advance(499);
    impatient.abort(new Error("too late"));
    expect(await early).toBe("too late");
    expect(told).toEqual([]);
    const patient = new AbortController();
    const late = call(patient.signal);
    clock.advance(500);
    patient.abort(new Error("too late"));
    expect(await late).toBe("too late");
    expect(told).toEqual(["open"]);
  });
});
