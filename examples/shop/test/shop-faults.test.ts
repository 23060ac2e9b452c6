import { expect, test } from "vitest";
import { surviveFaults } from "./faults.ts";

const faults = Number(process.env["POLDER_FAULTS"] ?? 20);

test(`after ${faults} faults all domains agree`, { timeout: 420_000 }, async () => {
  const seed = Number(process.env["POLDER_SEED"] ?? 1);
  const { disagreements, totals, ordersKept } = await surviveFaults({ faults, seed });
  expect(disagreements, `seed ${seed}`).toEqual([]);
  expect(totals.unanswered, `seed ${seed}`).toBe(0);
  expect(ordersKept, `seed ${seed}`).toBe(totals.placed);
});
