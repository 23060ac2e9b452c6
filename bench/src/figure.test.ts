import { expect, test } from "vitest";
import { differenceOf, figureOf, ratioOf } from "./figure.ts";

test("a figure is the median, with the smallest and the largest sample", () => {
  expect(figureOf([3, 1, 2, 10], "ms")).toEqual({ unit: "ms", median: 2.5, min: 1, max: 10, repetitions: 4 });
});

test("ratios and differences are taken round by round", () => {
  expect(ratioOf([10, 40], [5, 10])).toMatchObject({ unit: "", min: 2, max: 4 });
  expect(differenceOf([10, 40], [5, 10], "µs")).toMatchObject({ unit: "µs", min: 5, max: 30 });
});

test("rounds that do not belong together are refused", () => {
  expect(() => ratioOf([1], [1, 2])).toThrow(RangeError);
  expect(() => differenceOf([1], [1, 2], "µs")).toThrow(RangeError);
});
