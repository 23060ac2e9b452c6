import { expect, test } from "vitest";
import { runFaults } from "./faults.ts";

const faults = Number(process.env["POLDER_FAULTS"] ?? 200);

test.for([
  { apart: false, where: "in one database" },
  { apart: true, where: "with publisher and consumer in two servers" },
])(
  `${faults} kills around every commit and acknowledgement $where: nothing lost, nothing twice, order per key kept`,
  async ({ apart }, { signal }) => {
    const seed = Number(process.env["POLDER_SEED"] ?? Date.now() % 1_000_000);
    const outcome = await runFaults({ faults, seed, apart, signal });
    process.stdout.write(`${JSON.stringify({ seed, apart, ...outcome })}\n`);
    expect(outcome, `seed ${seed}`).toMatchObject({ lost: 0, doubled: 0, misordered: 0 });
  },
);
