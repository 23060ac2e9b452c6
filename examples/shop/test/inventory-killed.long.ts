import { test } from "vitest";
import { expectToOutliveInventory } from "./inventory-killed.ts";
import { domainNames } from "./spread-shop.ts";

const processes = domainNames.map((name) => [name]);

test("Inventory is killed under 1,000 orders: every caller learns in time how it ended, and in the end all domains agree", async () => {
  const seen = await expectToOutliveInventory({ processes, orders: 1_000, turnedAway: 64 });
  process.stdout.write(`${JSON.stringify(seen)}\n`);
}, 600_000);
