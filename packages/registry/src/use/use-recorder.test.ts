import { silentLogger } from "@polder/model";
import { expect, test } from "vitest";
import type { ContractUse } from "./contract-use.ts";
import { startUseRecorder, type UseRecorderOptions } from "./use-recorder.ts";

const midnight = Date.UTC(2030, 0, 2);
const hourMs = 3_600_000;
const call = { contract: "order", version: "1.0.0", consumer: "payment", calls: 1 };

/** A recorder whose clock the test moves, and what it has written. */
function counting(options: Pick<Partial<UseRecorderOptions>, "usesMax" | "standing" | "logger"> = {}) {
  const written: ContractUse[][] = [];
  const state = { nowMs: midnight - hourMs, broken: false };
  const recorder = startUseRecorder({
    environment: "test",
    flushMs: 3_600_000,
    now: () => state.nowMs,
    record: async (uses) => {
      if (state.broken) throw new Error("no database");
      written.push([...uses]);
    },
    ...options,
  });
  return { recorder, written, state };
}

test("uses are summed and written at once, by contract, version, consumer and day", async () => {
  const { recorder, written, state } = counting();
  for (let count = 0; count < 1_000; count += 1) recorder.used(call);
  recorder.used({ ...call, consumer: "gateway" });
  state.nowMs = midnight;
  recorder.used(call);
  await recorder.flush();
  await recorder.flush();
  const at = (ms: number) => ({ environment: "test", seenAt: new Date(ms) });
  expect(written).toEqual([
    [
      { ...call, calls: 1_000, ...at(midnight - hourMs) },
      { ...call, consumer: "gateway", ...at(midnight - hourMs) },
      { ...call, ...at(midnight) },
    ],
  ]);
});

test("what could not be written stays counted", async () => {
  const warned: string[] = [];
  const { recorder, written, state } = counting({ logger: { ...silentLogger, warn: (said) => warned.push(said) } });
  recorder.used(call);
  state.broken = true;
  await recorder.flush();
  await recorder.flush();
  expect(warned).toEqual(["who uses which contract was not written down; it is tried again"]);
  recorder.used(call);
  state.broken = false;
  await recorder.stop({ signal: new AbortController().signal });
  expect(written.flat()).toMatchObject([{ ...call, calls: 2 }]);
});

test("of too many consumers the calls are counted, and not who they were", async () => {
  const { recorder, written } = counting({ usesMax: 2 });
  for (const consumer of ["a", "b", "c", "d", "a"]) recorder.used({ ...call, consumer });
  await recorder.flush();
  expect(written.flat().map(({ consumer, calls }) => [consumer, calls])).toEqual([
    ["a", 2],
    ["b", 1],
    ["other", 2],
  ]);
});

test("consumers that only stand by are counted once a minute", async () => {
  const { recorder, written, state } = counting({ standing: () => [{ ...call, calls: 0 }] });
  await recorder.flush();
  await recorder.flush();
  state.nowMs += 60_000;
  await recorder.flush();
  expect(written.flat().map(({ calls }) => calls)).toEqual([0, 0]);
});

test("a stop that is not to wait leaves what is counted", async () => {
  const { recorder, written } = counting();
  recorder.used(call);
  await recorder.stop({ signal: AbortSignal.abort() });
  expect(written).toEqual([]);
});
