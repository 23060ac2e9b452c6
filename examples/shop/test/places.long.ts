import { test } from "vitest";
import { expectSameEnd } from "./deployments.ts";

test("much traffic comes to the same end in one process, nine and eighteen, and in two servers", async () => {
  // As many orders of one seed as no product runs out for: whose order is refused then would be a matter of timing.
  await expectSameEnd({ seeds: [1, 2, 3, 4], orders: 250 });
});
