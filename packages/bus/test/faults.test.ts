import { expect, test } from "vitest";
import { runFaults } from "./faults.ts";

test("6 kills with publisher and consumer in two servers: nothing lost, nothing twice, order per key kept", {
  timeout: 420_000,
}, async ({ signal }) => {
  const seed = Number(process.env["POLDER_SEED"] ?? 2);
  const outcome = await runFaults({ faults: 6, seed, apart: true, signal });
  expect(outcome, `seed ${seed}`).toMatchObject({ lost: 0, doubled: 0, misordered: 0 });
  expect(outcome.sold).toBeGreaterThan(50);
});

test("14 kills around every commit and acknowledgement: nothing lost, nothing twice, order per key kept", {
  timeout: 420_000,
}, async ({ signal }) => {
  const seed = Number(process.env["POLDER_SEED"] ?? 1);
  const outcome = await runFaults({ faults: 14, seed, signal });
  expect(outcome, `seed ${seed}`).toMatchObject({ lost: 0, doubled: 0, misordered: 0 });
  expect(outcome.sold).toBeGreaterThan(100);
  expect(Object.keys(outcome.struck)).toHaveLength(12);
});
