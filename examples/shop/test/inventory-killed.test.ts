import { test } from "vitest";
import { expectToOutliveInventory } from "./inventory-killed.ts";
import { domainNames } from "./spread-shop.ts";

const processes = [["inventory"], domainNames.filter((name) => name !== "inventory")];

test("Inventory is killed under 60 orders: every caller learns in time how it ended, and in the end all domains agree", async () => {
  await expectToOutliveInventory({ processes, orders: 60, turnedAway: 8 });
}, 300_000);
