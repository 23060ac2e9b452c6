import { test } from "vitest";
import { expectNoHarm, expectSameEnd } from "./deployments.ts";

// With this seed the bank declines some orders, a customer is renamed and prices change.
const seeds = [165];

test("the same traffic comes to the same end in one process, eight and sixteen, and in two servers", async () => {
  await expectSameEnd({ seeds, orders: 40 });
}, 240_000);

test("two servers that crash under traffic: everything connects again, nothing is lost or done twice", async () => {
  await expectNoHarm({ seeds, orders: 20 }, 2);
}, 240_000);
