import { expect, test } from "vitest";
import { shareUnchanged } from "./share-unchanged.ts";

const earlier = { type: "object", properties: { a: { type: "string" }, b: { enum: [1, { c: 2 }] } }, required: ["a"] };
const copyOf = (value: typeof earlier) => structuredClone(value);

test("what says the same is the very same object, whatever the order of its properties", () => {
  expect(shareUnchanged(earlier, copyOf(earlier))).toBe(earlier);
  const { type, properties, required } = copyOf(earlier);
  expect(shareUnchanged(earlier, { required, properties, type })).toBe(earlier);
});

test("what has changed is as it was given, and shares what is unchanged around it", () => {
  const given = { ...copyOf(earlier), properties: { ...copyOf(earlier).properties, b: { enum: [1, { c: 3 }] } } };
  const later = shareUnchanged(earlier, given);
  expect(later).toEqual(given);
  expect(later.properties.a).toBe(earlier.properties.a);
  expect(later.required).toBe(earlier.required);
  expect(later.properties.b).not.toBe(earlier.properties.b);
});

test.each([
  [{ a: 1 }, { a: 1, b: 2 }],
  [{ a: 1, b: 2 }, { a: 1 }],
  [{ a: undefined }, { b: undefined }],
  [[1, 2], [1]],
  [[], {}],
  [[[1]], [{ 0: 1 }]],
  [{ a: null }, { a: {} }],
])("%j is not %j", (one, other) => {
  expect(shareUnchanged<unknown>(one, other)).not.toBe(one);
  expect(shareUnchanged<unknown>(one, other)).toEqual(other);
});
