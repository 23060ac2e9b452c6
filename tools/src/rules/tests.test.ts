import { expect, test } from "vitest";
import { sourceTree } from "../source-tree.ts";
import { tests } from "./tests.ts";

const text = [
  'import { setTimeout as wait } from "node:timers/promises";',
  'it.only("one", () => {});',
  'describe.skip("two", () => {});',
  'test.concurrent.only("three", () => {});',
  "await new Promise((resolve) => setTimeout(resolve, 100));",
  "globalThis.setTimeout(done, 1);",
  "await sleep(5);",
  'test("fine", ({ skip }) => skip("needs a broker"));',
  "schedule.skip(3);",
].join("\n");

test("tests that are switched off, and tests that sleep, are reported", () => {
  const wrong = sourceTree({ "packages/x/src/x.test.ts": text });
  expect(tests(wrong).map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test("outside tests, a timer is no matter of this rule", () => {
  expect(tests(sourceTree({ "packages/x/src/x.ts": text }))).toEqual([]);
  expect(tests(sourceTree({ "packages/x/test/server.ts": text }))).not.toEqual([]);
});
