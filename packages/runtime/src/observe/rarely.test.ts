import { expect, test } from "vitest";
import { boundedLabel } from "./bounded-label.ts";
import { rarely } from "./rarely.ts";

test("each thing is said once in a time, and afterwards with how often it was not", () => {
  const seldom = rarely({ everyMs: 3_600_000 });
  expect([seldom.times("a"), seldom.times("a"), seldom.times("b")]).toEqual([0, undefined, 0]);
  const always = rarely({ everyMs: 0 });
  expect([always.times("a"), always.times("a")]).toEqual([0, 0]);
});

test("what was said longest ago is forgotten, so that memory is bounded", () => {
  const seldom = rarely({ everyMs: 3_600_000 });
  for (let thing = 0; thing <= 500; thing += 1) seldom.times(String(thing));
  expect([seldom.times("500"), seldom.times("0")]).toEqual([undefined, 0]);
});

test("a label takes so many values and then one for all others", () => {
  const label = boundedLabel(2);
  expect(["a", "b", "c", "a", "d"].map(label)).toEqual(["a", "b", "other", "a", "other"]);
});
