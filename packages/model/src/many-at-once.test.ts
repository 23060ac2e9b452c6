import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { api, isPolderError, type Problem, query } from "./index.ts";
import { keysAtOnce } from "./many-at-once.ts";

interface Shape {
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  readonly batch?: unknown;
  readonly pages?: unknown;
}

/** The mistakes that a query is refused for, each as "place: problem", without where the query stands. */
function mistakesOf(shape: Shape): readonly string[] {
  try {
    // What a program says that no compiler has looked at: Node runs TypeScript without checking it.
    api("payment", { versions: { "1.0.0": { ofOrders: query("GET /payments", shape as never) } } });
  } catch (error) {
    if (!isPolderError(error, "DECLARATION_INVALID")) throw error;
    const { problems } = error.details as { readonly problems: readonly Problem[] };
    return problems.map(({ place, problem }) => `${place.replace('versions["1.0.0"].ofOrders.', "")}: ${problem}`);
  }
  return [];
}

describe("a query that answers for many keys", () => {
  const batch = { keys: "orderIds", items: "payments", key: "orderId" };
  const input = z.object({ orderIds: z.array(z.uuid()).min(1).max(200) });
  const output = z.object({ payments: z.array(z.object({ orderId: z.uuid(), amount: z.int() })) });
  const asking = (keys: z.ZodType) => mistakesOf({ input: z.object({ orderIds: keys }), output, batch });
  const giving = (item: z.ZodType) => mistakesOf({ input, output: z.object({ payments: z.array(item) }), batch });

  test("says so, and how many it takes", () => {
    const declared = query("GET /payments", { input, output, batch } as const);
    expect(declared.batch).toEqual(batch);
    expect(keysAtOnce(declared, declared.batch)).toBe(200);
    expect(mistakesOf({ input, output, batch })).toEqual([]);
    expect(query("GET /payments", { input, output })).not.toHaveProperty("batch");
  });

  test("has the fields that it names", () => {
    expect(mistakesOf({ input, output, batch: { keys: "ids", items: "all", key: "orderId" } })).toEqual([
      'batch.keys: "ids" is no list of keys in the input',
      'batch.items: "all" is no list of objects in the output',
    ]);
    const lost =
      'batch.key: "orderId" is no field that every item of "payments" has; without it nobody knows for which key an item is';
    expect(giving(z.object({ amount: z.int() }))).toEqual([lost]);
    expect(giving(z.object({ orderId: z.uuid().optional() }))).toEqual([lost]);
    expect(giving(z.string())).toEqual(['batch.items: "payments" is no list of objects in the output']);
  });

  test("bounds the keys, since they travel in an address", () => {
    const unbounded = 'batch.keys: "orderIds" has no bound; say in its schema how many keys it takes, at most 500';
    for (const keys of [z.array(z.uuid()), z.array(z.uuid()).max(501), z.array(z.uuid()).max(0)])
      expect(asking(keys)).toEqual([unbounded]);
    expect(asking(z.uuid())).toEqual(['batch.keys: "orderIds" is no list of keys in the input']);
  });

  test("says of each item for which key it is, in the words of the key", () => {
    expect(giving(z.object({ orderId: z.int() }))).toEqual([
      'batch.key: "orderId" is number, and the keys are string: no item would be found by its key',
    ]);
    expect(giving(z.object({ orderId: z.object({}) }))).toEqual([
      'batch.key: "orderId" is no single value, and the keys are string: no item would be found by its key',
    ]);
    expect(giving(z.object({ orderId: z.uuid().nullable() }))).toEqual([]);
    expect(giving(z.object({ orderId: z.enum(["a", "b"]) }))).toEqual([]);
    const number = z.object({ payments: z.array(z.object({ orderId: z.literal([1, 2]) })) });
    expect(mistakesOf({ input: z.object({ orderIds: z.array(z.int()).max(5) }), output: number, batch })).toEqual([]);
  });

  test("may name its schemas", () => {
    const id = z.uuid().meta({ id: "OrderId" });
    const payment = z.object({ orderId: id }).meta({ id: "Payment" });
    const named = {
      input: z.object({ orderIds: z.array(z.uuid()).max(9) }),
      output: z.object({ payments: z.array(payment) }),
    };
    expect(mistakesOf({ ...named, batch })).toEqual([]);
  });
});

describe("a query that answers page by page", () => {
  const pages = { after: "after", items: "customers", next: "next" };
  const input = z.object({ after: z.string().optional() });
  const output = z.object({ customers: z.array(z.object({ name: z.string() })), next: z.string().nullable() });

  test("says so", () => {
    expect(query("GET /customers", { input, output, pages }).pages).toEqual(pages);
    expect(mistakesOf({ input, output, pages })).toEqual([]);
    const optional = z.object({ customers: z.array(z.object({})), next: z.string().optional() });
    expect(mistakesOf({ input, output: optional, pages })).toEqual([]);
  });

  test("has the fields that it names, and begins without a place", () => {
    expect(mistakesOf({ input, output, pages: { after: "from", items: "all", next: "more" } })).toEqual([
      'pages.after: "from" is no single value of the input that may be left out, as it is for the first page',
      'pages.items: "all" is no list of objects in the output',
      'pages.next: "more" is no field of the output',
    ]);
    expect(mistakesOf({ input: z.object({ after: z.string() }), output, pages })).toEqual([
      'pages.after: "after" is no single value of the input that may be left out, as it is for the first page',
    ]);
  });

  test("says what to ask for next in the words in which it is asked", () => {
    const counted = z.object({ customers: z.array(z.object({})), next: z.int().nullable() });
    expect(mistakesOf({ input, output: counted, pages })).toEqual([
      'pages.next: "next" cannot be asked for as "after": it is number or null, and that is string',
    ]);
  });
});

test("whatever it says, it is declared or refused, and nothing else happens", () => {
  const key = fc.constantFrom("keys", "items", "key", "after", "next", "ids");
  const value = fc.constantFrom("ids", "all", "id", "toString");
  const said = fc.oneof(fc.anything({ key }), fc.dictionary(key, value), fc.constantFrom(null, undefined, ""));
  const input = z.object({ ids: z.array(z.string()).max(5).optional() });
  const output = z.object({ all: z.array(z.object({ id: z.string() })), id: z.string() });
  fc.assert(fc.property(said, said, (batch, pages) => void mistakesOf({ input, output, batch, pages })));
});
