import fc from "fast-check";
import { expect, test } from "vitest";
import { needCycles } from "./need-cycles.ts";

const cycles = (calls: Readonly<Record<string, readonly string[]>>): readonly (readonly string[])[] =>
  needCycles(new Map(Object.entries(calls)));

test("domains that call each other only in one direction are in no circle", () => {
  expect(cycles({})).toEqual([]);
  expect(cycles({ order: ["inventory", "payment"], inventory: ["payment"], payment: ["bank"] })).toEqual([]);
});

test("a circle is shown from the domain where it was found, once", () => {
  expect(cycles({ order: ["inventory"], inventory: ["order"] })).toEqual([["order", "inventory", "order"]]);
  expect(cycles({ a: ["b"], b: ["c"], c: ["a", "d"], d: ["e"] })).toEqual([["a", "b", "c", "a"]]);
});

test("every circle is shown, also where two share a domain, and the short way round", () => {
  expect(cycles({ a: ["b", "c"], b: ["a"], c: ["a"], d: ["e"], e: ["f", "d"], f: ["d"] })).toEqual([
    ["a", "b", "a"],
    ["c", "a", "c"],
    ["d", "e", "d"],
    ["f", "d", "e", "f"],
  ]);
});

test("there is a circle if and only if the domains cannot be put in an order", () => {
  const domain = fc.integer({ min: 0, max: 7 });
  fc.assert(
    fc.property(fc.array(fc.tuple(domain, domain)), (edges) => {
      const calls = new Map<string, readonly string[]>();
      for (const [from, to] of edges)
        if (from !== to) calls.set(`d${from}`, [...(calls.get(`d${from}`) ?? []), `d${to}`]);
      // Takes away who calls nobody that is left, again and again.
      let left = [...calls.keys()];
      for (let before = -1; before !== left.length; ) {
        before = left.length;
        left = left.filter((from) => (calls.get(from) ?? []).some((to) => left.includes(to)));
      }
      const found = needCycles(calls);
      expect(found.length > 0).toBe(left.length > 0);
      for (const cycle of found) {
        expect(cycle[0]).toBe(cycle.at(-1));
        cycle.slice(1).forEach((to, index) => {
          expect(calls.get(cycle[index] ?? "")).toContain(to);
        });
      }
    }),
  );
});
