import { test } from "vitest";
import { expectSameEnd } from "./deployments.ts";

// With this seed the bank declines some orders, a customer is renamed and prices change.
const seeds = [165];

test("the same traffic comes to the same end in one process, nine and eighteen, and in two servers", async () => {
  await expectSameEnd({ seeds, orders: 24 });
}, 240_000);
