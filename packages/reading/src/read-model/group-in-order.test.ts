import fc from "fast-check";
import { expect, test } from "vitest";
import { groupInOrder, type Keyed } from "./group-in-order.ts";

const event = (name: string, key: string): Keyed => ({ name, key });

test("one group of each name where no key is in the way", () => {
  const events = [event("Placed", "a"), event("Shipped", "b"), event("Placed", "c"), event("Shipped", "c")];
  expect(groupInOrder(events).map(({ name, events: found }) => [name, found.map(({ key }) => key)])).toEqual([
    ["Placed", ["a", "c"]],
    ["Shipped", ["b", "c"]],
  ]);
});

test("an event that came back to a name does not go before what came between", () => {
  const events = [event("On", "a"), event("Off", "a"), event("On", "a"), event("Off", "b")];
  expect(groupInOrder(events).map(({ name, events: found }) => [name, found.map(({ key }) => key)])).toEqual([
    ["On", ["a"]],
    ["Off", ["a", "b"]],
    ["On", ["a"]],
  ]);
});

test("whatever comes: all events, each once, of one name in a group, those of a key in their order", () => {
  const some = fc.record({ name: fc.constantFrom("A", "B", "C"), key: fc.constantFrom("1", "2", "3", "4") });
  fc.assert(
    fc.property(fc.array(some, { maxLength: 60 }), (found) => {
      const events = found.map((one, index) => ({ ...one, index }));
      const groups = groupInOrder(events);
      const taken = groups.flatMap((group) => group.events);
      expect(new Set(taken.map(({ index }) => index)).size).toBe(events.length);
      for (const group of groups) expect(group.events.every(({ name }) => name === group.name)).toBe(true);
      for (const key of ["1", "2", "3", "4"]) {
        const ofKey = <E extends { readonly key: string }>(all: readonly E[]) => all.filter((one) => one.key === key);
        expect(ofKey(taken)).toEqual(ofKey(events));
      }
    }),
  );
});
