import { expect, test } from "vitest";
import { databasesOf, layouts, nameOf, subscriptionNames } from "./layout.ts";

test("every layout has a name of its own", () => {
  expect(new Set(layouts.map(nameOf)).size).toBe(layouts.length);
  expect(layouts.map(nameOf)).toContain("16s-1p-2d");
});

test("domains are spread over so many databases, and those of another layout are none of them", () => {
  const spread = [1, 2, 3].map((databases) => new Set(Object.values(databasesOf(databases))));
  expect(spread.map(({ size }) => size)).toEqual([1, 2, 3]);
  expect(new Set(spread.flatMap((names) => [...names])).size).toBe(6);
  const { billing, ordering, shipping } = databasesOf(2);
  expect(billing).toBe(shipping);
  expect(billing).not.toBe(ordering);
});

test("subscriptions go to the consuming domains in turns", () => {
  expect(subscriptionNames(1)).toEqual([{ domain: "billing", name: "reader-0" }]);
  const domains = subscriptionNames(16).map(({ domain }) => domain);
  expect(domains.filter((domain) => domain === "billing")).toHaveLength(8);
  expect(new Set(subscriptionNames(16).map(({ name }) => name)).size).toBe(16);
});
