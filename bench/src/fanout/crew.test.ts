import { expect, test } from "vitest";
import { totalOf } from "./crew.ts";

test("processes share subscriptions: the slowest is the one that all of them together have brought least far", () => {
  const totals = totalOf([
    { counts: [10, 4, 7], lastMs: 20, cpuMs: 1 },
    { counts: [0, 5, 1], lastMs: 30, cpuMs: 2 },
  ]);
  expect(totals).toEqual({ slowest: 8, deliveries: 27, lastMs: 30, cpuMs: 3 });
});

test("without a process nothing is handled", () => {
  expect(totalOf([])).toEqual({ slowest: 0, deliveries: 0, lastMs: 0, cpuMs: 0 });
});
