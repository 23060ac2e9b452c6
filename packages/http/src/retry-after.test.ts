import { expect, test } from "vitest";
import { readRetryAfter, writeRetryAfter } from "./retry-after.ts";

const now = Date.parse("2026-03-01T12:00:00Z");

test.each([
  ["0", 0],
  ["7", 7_000],
  ["999999999", 86_400_000],
  ["Sun, 01 Mar 2026 12:00:30 GMT", 30_000],
  ["Sun, 01 Mar 2026 11:00:00 GMT", 0],
  ["soon", undefined],
  ["", undefined],
  [null, undefined],
])("Retry-After: %s is %s ms", (text, ms) => {
  expect(readRetryAfter(text, now)).toBe(ms);
});

test.each([
  [0, "1"],
  [1, "1"],
  [1_000, "1"],
  [1_001, "2"],
])("%d ms is written as %s", (ms, text) => {
  expect(writeRetryAfter(ms)).toBe(text);
});
