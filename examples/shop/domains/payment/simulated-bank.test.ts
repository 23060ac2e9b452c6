import { expect, test } from "vitest";
import { askBank } from "./simulated-bank.ts";

test.each([13, 113, 99_913])("an amount of %i cents is declined", (amountCents) => {
  expect(askBank(amountCents)).toEqual({ status: "declined", reason: expect.any(String) });
});

test.each([1, 12, 14, 130, 1_300])("an amount of %i cents is confirmed", (amountCents) => {
  expect(askBank(amountCents)).toEqual({ status: "confirmed" });
});
