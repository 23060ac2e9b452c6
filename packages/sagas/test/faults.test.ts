import { expect, test } from "vitest";
import { runFaults } from "./faults.ts";

test("12 kills around every step and its way back: no saga stuck, nothing leaked, nothing twice", {
  timeout: 420_000,
}, async ({ signal }) => {
  const seed = Number(process.env["POLDER_SEED"] ?? 1);
  const outcome = await runFaults({ faults: 12, seed, signal });
  expect(outcome, `seed ${seed}`).toMatchObject({ left: 0, leaked: 0, missing: 0, doubled: 0 });
  expect(outcome.done).toBeGreaterThan(20);
  expect(outcome.undone).toBeGreaterThan(20);
  expect(Object.keys(outcome.struck)).toHaveLength(8);
});
