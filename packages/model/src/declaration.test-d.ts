// What must not compile does not compile: each expected error is marked, and an unused mark is an error.
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  aggregate,
  api,
  batchSubscription,
  type ClientOf,
  command,
  defineErrors,
  domain,
  event,
  handler,
  implement,
  type Newest,
  type NoOutput,
  need,
  type Outcome,
  outsideSubscription,
  query,
  saga,
  subscription,
  team,
} from "./index.ts";

const StockReserved = event("inventory.StockReserved", {
  key: "orderId",
  versions: { "1.0.0": z.object({ orderId: z.string(), quantity: z.int(), note: z.string().default("") }) },
});
const StockCounted = event("inventory.StockCounted", {
  key: "sku",
  versions: { "1.0.0": z.object({ sku: z.string() }) },
});
const Inventory = api("inventory", {
  versions: {
    "1.9.0": {
      availability: query("GET /availability/:sku", {
        input: z.object({ sku: z.string() }),
        output: z.object({ old: z.boolean() }),
      }),
    },
    "1.10.0": {
      availability: query("GET /availability/:sku", {
        input: z.object({ sku: z.string() }),
        output: z.object({ available: z.int() }),
      }),
      reserve: command("POST /reservations", {
        input: z.object({ sku: z.string(), quantity: z.int().default(1) }),
        output: z.object({ reservationId: z.string() }),
        refusals: { OutOfStock: z.object({ available: z.int() }) },
      }),
    },
  },
});
const Unneeded = api("catalog", { versions: { "1.0.0": { list: query("GET /products") } } });
const warehouse = team("Warehouse", { contact: "#warehouse" });
const inventory = domain("inventory", {
  owner: warehouse,
  capability: "Know and promise stock",
  aggregates: [aggregate("Stock", { root: "stock" })],
  publishes: [Inventory, StockReserved],
});
const order = domain("order", {
  owner: warehouse,
  capability: "Take orders",
  needs: [need(Inventory, "1.9.0"), need(StockReserved, "1.0.0")],
});

test("versions order by number, not by letter", () => {
  expectTypeOf<Newest<"1.9.0" | "1.10.0" | "0.20.1">>().toEqualTypeOf<"1.10.0">();
  expectTypeOf<Newest<"2.0.0" | "10.0.0">>().toEqualTypeOf<"10.0.0">();
});

test("a contract is used as it is published", () => {
  // @ts-expect-error the key is a field of every version
  event("inventory.StockLost", { key: "orderId", versions: { "1.0.0": z.object({ sku: z.string() }) } });
  // @ts-expect-error the version is one that the contract has
  need(Inventory, "3.0.0");
});

test("an operation has the same type wherever it is declared, and what it does not say is nothing", () => {
  const close = command("POST /close", { input: z.object({ sku: z.string() }) });
  const Shelf = api("shelf", {
    versions: { "1.0.0": { close: command("POST /close", { input: z.object({ sku: z.string() }) }) } },
  });
  expectTypeOf(Shelf.close.declared).toEqualTypeOf(close);
  expectTypeOf(Unneeded.list.declared).toEqualTypeOf(query("GET /products"));
  expectTypeOf<Awaited<ReturnType<ClientOf<typeof Shelf>["close"]>>>().toEqualTypeOf<
    Outcome<NoOutput, Record<never, never>>
  >();
  // What versions share may be declared once.
  api("shelf", { versions: { "1.0.0": { close: command("POST /close") }, "1.1.0": { close }, "2.0.0": { close } } });
});

test("a need says what stands in for a query, with the types of the version that is needed", () => {
  const needed = need(Inventory, "1.9.0", {
    essential: false,
    hedgeAfterMs: 50,
    fallbacks: {
      availability: (input) => {
        expectTypeOf(input).toEqualTypeOf<{ sku: string }>();
        return { old: true };
      },
    },
  });
  expectTypeOf(needed.version).toEqualTypeOf<"1.9.0">();
  // @ts-expect-error the output is that of the version that is needed
  need(Inventory, "1.9.0", { fallbacks: { availability: () => ({ available: 1 }) } });
  need(Inventory, "1.10.0", { fallbacks: { availability: () => ({ available: 1 }) } });
  // @ts-expect-error a command has no fallback
  need(Inventory, "1.10.0", { fallbacks: { reserve: () => ({ reservationId: "r1" }) } });
  // @ts-expect-error a fallback is for an operation of the API
  need(Inventory, "1.9.0", { fallbacks: { count: () => null } });
  // @ts-expect-error an event is not called, so its need has no options
  need(StockReserved, "1.0.0", { essential: false });
  const declared = domain("shelf", { owner: warehouse, capability: "Show", needs: [needed] });
  expectTypeOf(declared.needs[0].version).toEqualTypeOf<"1.9.0">();
});

test("an answer says when a fallback gave it, and what a command has published", () => {
  type Answer = Outcome<typeof outcomeSchema, Record<never, never>>;
  expectTypeOf<Answer>().toEqualTypeOf<{
    readonly ok: true;
    readonly value: { n: number };
    readonly fallback?: string;
    readonly position?: string;
  }>();
});

const outcomeSchema = z.object({ n: z.number() });

const reserve = handler(inventory, Inventory.reserve, async ({ input, tx, refuse }) => {
  expectTypeOf(input).toEqualTypeOf<{ sku: string; quantity: number }>();
  // A writer may leave out what has a default.
  tx.publish(StockReserved, { orderId: "o1", quantity: input.quantity });
  // @ts-expect-error the payload is what the event says
  tx.publish(StockReserved, { orderId: 1, quantity: 1 });
  // @ts-expect-error the domain does not publish this event
  tx.publish(StockCounted, { sku: "a" });
  // @ts-expect-error the refusal is one that the operation declares
  if (input.quantity > 9) return refuse("Closed", {});
  // @ts-expect-error the refusal's details are what the operation declares
  if (input.quantity > 8) return refuse("OutOfStock", { available: "none" });
  if (input.quantity > 7) return refuse("OutOfStock", { available: 0 });
  return { reservationId: "r1" };
});

const availability = handler(inventory, Inventory.availability, async ({ tx }) => {
  // @ts-expect-error a query publishes nothing
  tx.publish(StockReserved, { orderId: "o1", quantity: 1 });
  return { available: 1 };
});

test("a handler answers what the contract says, for what its domain publishes", () => {
  // @ts-expect-error a handler answers what the contract says
  handler(inventory, Inventory.reserve, async () => ({ reservation: "r1" }));
  // @ts-expect-error a domain handles only what it publishes
  handler(order, Inventory.reserve, async () => ({ reservationId: "r1" }));
});

test("an implementation has every handler, each at its operation", () => {
  implement(inventory, { apis: { inventory: { reserve, availability } } });
  // @ts-expect-error every operation has a handler
  implement(inventory, { apis: { inventory: { reserve } } });
  // @ts-expect-error each handler stands at its own operation
  implement(inventory, { apis: { inventory: { reserve: availability, availability: reserve } } });
  // A domain without APIs has none.
  implement(order, { subscriptions: [] });
});

test("a subscription handles what the domain needs, at the version that it needs", () => {
  subscription(order, "settle", {
    "inventory.StockReserved": async ({ event: reserved }) => {
      expectTypeOf(reserved.data).toEqualTypeOf<{ orderId: string; quantity: number; note: string }>();
    },
  });
  batchSubscription(order, "settle-many", ["inventory.StockReserved"], async ({ events }) => {
    expectTypeOf(events.map(({ data }) => data.quantity)).toEqualTypeOf<number[]>();
  });
  // @ts-expect-error a domain subscribes only to what it needs
  subscription(order, "count", { "inventory.StockCounted": async () => undefined });
  // @ts-expect-error a domain subscribes only to what it needs
  batchSubscription(order, "count-many", ["inventory.StockCounted"], async () => undefined);
});

test("a call speaks the version that the domain needs, not the newest", () => {
  outsideSubscription(order, "ask", {
    "inventory.StockReserved": async ({ call, key }) => {
      const answer = await call(Inventory).availability({ sku: "a" }, { key });
      if (answer.ok) expectTypeOf(answer.value).toEqualTypeOf<{ old: boolean }>();
      // @ts-expect-error the input is what the contract says
      await call(Inventory).availability({ sku: 5 });
      // @ts-expect-error 1.9.0 has no such operation
      await call(Inventory).reserve({ sku: "a" });
      // @ts-expect-error the domain does not need this API
      call(Unneeded);
    },
  });
});

test("a saga works with what its domain publishes and needs, and answers an operation of it", () => {
  const input = z.object({ sku: z.string(), quantity: z.int().default(1) });
  const restock = saga(inventory, "restock", {
    input,
    answers: Inventory.reserve,
    run: async ({ input: given, step, local, answer, abort, refuse }) => {
      expectTypeOf(given).toEqualTypeOf<{ sku: string; quantity: number }>();
      const count = await local("count", {
        run: async ({ tx }) => {
          // @ts-expect-error the domain does not publish this event
          tx.publish(StockCounted, { sku: "a" });
          return { counted: 1 };
        },
        undo: async ({ result }) => expectTypeOf(result).toEqualTypeOf<{ counted: number }>(),
      });
      expectTypeOf(count).toEqualTypeOf<{ counted: number }>();
      await step("ask", {
        run: async ({ call }) => {
          // @ts-expect-error the domain needs no API
          call(Inventory);
        },
      });
      // @ts-expect-error the answer is what the operation gives
      await answer({ reserved: true });
      // @ts-expect-error the refusal is one that the operation declares
      abort(refuse("Closed", {}));
      await answer({ reservationId: "r1" });
    },
  });
  handler(inventory, Inventory.reserve, async ({ tx }) => tx.start(restock, "key", { sku: "a" }));
  // @ts-expect-error a saga answers the operation that it says
  handler(inventory, Inventory.availability, async ({ tx }) => tx.start(restock, "key", { sku: "a" }));
  // @ts-expect-error a saga is started with what it is declared with
  handler(inventory, Inventory.reserve, async ({ tx }) => tx.start(restock, "key", { sku: 5 }));
  // @ts-expect-error a domain answers only what it publishes
  saga(order, "answer", { input, answers: Inventory.reserve, run: async () => undefined });
  saga(order, "follow", {
    input,
    waits: { "inventory.StockReserved": ({ orderId }) => orderId },
    run: async ({ waitFor }) => {
      const reserved = await waitFor("reserved", ["inventory.StockReserved"], { timeoutMs: 1 });
      expectTypeOf(reserved?.data.quantity).toEqualTypeOf<number | undefined>();
      // @ts-expect-error a saga waits for the events that it says
      await waitFor("counted", ["inventory.StockCounted"], { timeoutMs: 1 });
    },
  });
  // @ts-expect-error a saga waits only for what its domain needs
  saga(order, "count", { input, waits: { "inventory.StockCounted": () => "" }, run: async () => undefined });
});

test("an error carries the details of its code", () => {
  const errors = defineErrors<{ PORT_IN_USE: { readonly port: number } }>({ PORT_IN_USE: "A port is taken" });
  expectTypeOf(errors.PORT_IN_USE("taken", { port: 80 }).details).toEqualTypeOf<{ readonly port: number }>();
  // @ts-expect-error the details are those of the code
  errors.PORT_IN_USE("taken", { host: "h" });
  // @ts-expect-error every code has a title
  defineErrors<{ A: object; B: object }>({ A: "a" });
});
