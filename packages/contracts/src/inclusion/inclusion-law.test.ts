import { expect, test } from "vitest";
import { runInclusionLaw } from "../../test/inclusion-law.ts";

const pairs = 2_000;

test(`the verdicts on ${pairs} generated pairs of schemas are those of Ajv`, { timeout: 600_000 }, () => {
  const seed = Number(process.env["POLDER_SEED"] ?? Date.now() % 1_000_000);
  const outcome = runInclusionLaw({ pairs, seed, depthMax: 2 });
  process.stdout.write(`${JSON.stringify({ seed, ...outcome })}\n`);
  expect(outcome.undecided).toBeLessThan(pairs / 20);
  expect(outcome.sent).toBeGreaterThan(pairs);
});
