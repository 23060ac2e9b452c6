import { expect, test } from "vitest";
import { compareViews } from "./compare-views.ts";

const before = { type: "object", properties: { id: { type: "string" } }, required: ["id"] };
const after = { ...before, properties: { ...before.properties, note: { type: "string" } } };
const isRead = (pair: { readonly writer: object; readonly reader: object }, isRequest: boolean) =>
  compareViews({ ...pair, isRequest }).verdict === "included";

test("an optional field that comes is read by all, but for the server of before, which refuses it", () => {
  expect(isRead({ writer: before, reader: after }, false)).toBe(true);
  expect(isRead({ writer: after, reader: before }, false)).toBe(true);
  expect(isRead({ writer: before, reader: after }, true)).toBe(true);
  expect(isRead({ writer: after, reader: before }, true)).toBe(false);
});

test("a field with a default is always written in an answer, and may be left out of a request", () => {
  const defaulted = { ...after, properties: { ...before.properties, note: { type: "string", default: "" } } };
  const demanding = { ...after, required: ["id", "note"] };
  expect(isRead({ writer: defaulted, reader: demanding }, false)).toBe(true);
  expect(isRead({ writer: defaulted, reader: demanding }, true)).toBe(false);
});
