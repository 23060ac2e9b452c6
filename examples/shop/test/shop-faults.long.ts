import { expect, test } from "vitest";
import { surviveFaults } from "./faults.ts";

const faults = Number(process.env["POLDER_FAULTS"] ?? 200);

test(`after ${faults} faults all domains agree`, async () => {
  const seed = Number(process.env["POLDER_SEED"] ?? Date.now() % 1_000_000);
  const { disagreements, totals, ordersKept, struck } = await surviveFaults({ faults, seed });
  process.stdout.write(`${JSON.stringify({ seed, struck, totals })}\n`);
  expect(disagreements, `seed ${seed}`).toEqual([]);
  expect(totals.unanswered, `seed ${seed}`).toBe(0);
  expect(ordersKept, `seed ${seed}`).toBe(totals.placed);
});
