import { expect, test } from "vitest";
import { surviveFaults } from "./faults.ts";

const faults = Number(process.env["POLDER_FAULTS"] ?? 10);

test(`after ${faults} faults of processes and databases all domains agree`, { timeout: 420_000 }, async () => {
  const seed = Number(process.env["POLDER_SEED"] ?? 1);
  const { totals, ordersKept, left, disagreements } = await surviveFaults({ faults, seed });
  expect(disagreements, `seed ${seed}`).toEqual([]);
  expect(left, `seed ${seed}`).toEqual({ sagas: 0, lost: 0, doubled: 0, held: 0 });
  expect(totals.unanswered, `seed ${seed}`).toBe(0);
  expect(ordersKept, `seed ${seed}`).toBe(totals.placed);
});
