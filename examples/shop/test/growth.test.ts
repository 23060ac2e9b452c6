import { expect, test } from "vitest";
import { coursesOf } from "./growth.ts";

const course = (values: readonly number[]) => {
  const samples = values.map((value, index) => ({ atMs: index * 1_000, figures: { heap: value } }));
  return coursesOf(samples, [{ of: "heap", share: 0.1, amount: 1 }])[0];
};

test("what settles after a while has not grown", () => {
  expect(course([0, 40, 80, 100, 100, 100, 100, 100])).toMatchObject({ first: 0, most: 100, growth: 0, bound: 11 });
});

test("what goes up and down has hardly grown", () => {
  const { growth, bound } = course([100, 105, 100, 105, 100, 105, 100, 105, 100, 105]) ?? { growth: 99, bound: 0 };
  expect(growth).toBeLessThan(bound);
});

test("what leaks grows beyond its bound", () => {
  const { growth, bound } = course([100, 110, 120, 130, 140, 150, 160, 170, 180, 190]) ?? { growth: 0, bound: 99 };
  expect(growth).toBeCloseTo(40);
  expect(growth).toBeGreaterThan(bound);
});
