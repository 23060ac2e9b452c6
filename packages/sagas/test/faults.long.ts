import { expect, test } from "vitest";
import { runFaults } from "./faults.ts";

const faults = Number(process.env["POLDER_FAULTS"] ?? 200);

test(`${faults} kills around every step and its way back: no saga stuck, nothing leaked, nothing twice`, async ({
  signal,
}) => {
  const seed = Number(process.env["POLDER_SEED"] ?? Date.now() % 1_000_000);
  const outcome = await runFaults({ faults, seed, signal });
  process.stdout.write(`${JSON.stringify({ seed, ...outcome })}\n`);
  expect(outcome, `seed ${seed}`).toMatchObject({ left: 0, leaked: 0, missing: 0, doubled: 0 });
});
