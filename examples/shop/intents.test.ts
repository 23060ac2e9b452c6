import fc from "fast-check";
import { expect, test } from "vitest";
import { type Intent, intents } from "./intents.ts";

const seeds = fc.integer();
const counts = fc.integer({ min: 1, max: 2_000 });

function first(seed: number, count: number): readonly Intent[] {
  return intents(seed).take(count).toArray();
}

test("the same seed gives the same intents", () => {
  fc.assert(
    fc.property(seeds, counts, (seed, count) => {
      expect(first(seed, count)).toEqual(first(seed, count));
    }),
  );
});

test("another seed gives other intents", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      expect(first(seed, 100)).not.toEqual(first(seed + 1, 100));
    }),
  );
});

test("nobody acts before having registered, and nothing is sold before it has a price and stock", () => {
  fc.assert(
    fc.property(seeds, counts, (seed, count) => {
      const customers = new Set<number>();
      const priced = new Set<string>();
      const received = new Set<string>();
      const early: Intent[] = [];
      for (const intent of first(seed, count)) {
        if (intent.kind === "register") customers.add(intent.customer);
        if (intent.kind === "setPrice") priced.add(intent.sku);
        if (intent.kind === "receive") received.add(intent.sku);
        if ("customer" in intent && !customers.has(intent.customer)) early.push(intent);
        if (!skusOf(intent).every((sku) => priced.has(sku) && received.has(sku))) early.push(intent);
      }
      expect(early).toEqual([]);
    }),
  );
});

test("an order has one to three lines of different goods", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const odd = first(seed, 500)
        .filter((intent) => intent.kind === "order")
        .filter(
          ({ lines }) =>
            lines.length < 1 || lines.length > 3 || new Set(lines.map(({ sku }) => sku)).size < lines.length,
        );
      expect(odd).toEqual([]);
    }),
  );
});

test("every address is registered once", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const emails = first(seed, 2_000).flatMap((intent) => (intent.kind === "register" ? [intent.email] : []));
      expect(new Set(emails).size).toBe(emails.length);
    }),
    { numRuns: 20 },
  );
});

test("goods run out now and then, and come again: most orders can be served", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const { served, refused } = outcomes(first(seed, 20_000));
      expect(refused).toBeGreaterThan(0);
      expect(refused / (served + refused)).toBeLessThan(0.2);
    }),
    { numRuns: 10 },
  );
});

function skusOf(intent: Intent): readonly string[] {
  if (intent.kind === "quote") return intent.skus;
  return intent.kind === "order" ? intent.lines.map(({ sku }) => sku) : [];
}

/** What becomes of the orders when they come one by one. */
function outcomes(all: readonly Intent[]): { readonly served: number; readonly refused: number } {
  const stock = new Map<string, number>();
  const change = (sku: string, units: number) => stock.set(sku, (stock.get(sku) ?? 0) + units);
  let served = 0;
  let refused = 0;
  for (const intent of all) {
    if (intent.kind === "receive") change(intent.sku, intent.quantity);
    if (intent.kind !== "order") continue;
    if (intent.lines.every(({ sku, quantity }) => (stock.get(sku) ?? 0) >= quantity)) {
      for (const { sku, quantity } of intent.lines) change(sku, -quantity);
      served += 1;
    } else refused += 1;
  }
  return { served, refused };
}
