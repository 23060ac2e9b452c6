import { expect, test } from "vitest";
import { runFaults } from "./faults.ts";

const faults = Number(process.env["POLDER_FAULTS"] ?? 200);

test(`${faults} kills around every step of builds, fillings and switches: nothing lost, nothing twice, nobody reads less than before`, async ({
  signal,
}) => {
  const seed = Number(process.env["POLDER_SEED"] ?? Date.now() % 1_000_000);
  const outcome = await runFaults({ faults, seed, signal });
  process.stdout.write(`${JSON.stringify({ seed, ...outcome })}\n`);
  expect(outcome, `seed ${seed}`).toMatchObject({ wrong: 0, left: 0, steppedBack: 0 });
});
