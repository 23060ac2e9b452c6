import { expect, test } from "vitest";
import { runFaults } from "./faults.ts";

test("14 kills around every step of builds, fillings and switches: nothing lost, nothing twice, nobody reads less than before", {
  timeout: 420_000,
}, async ({ signal }) => {
  const seed = Number(process.env["POLDER_SEED"] ?? 1);
  const outcome = await runFaults({ faults: 14, seed, signal });
  expect(outcome, `seed ${seed}`).toMatchObject({ wrong: 0, left: 0, steppedBack: 0 });
  expect(outcome.builds).toBeGreaterThan(4);
  expect(outcome.events).toBeGreaterThan(500);
  expect(Object.keys(outcome.struck)).toHaveLength(14);
});
