// What must not compile does not compile: each expected error is marked, and an unused mark is an error.
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  api,
  type Composition,
  command,
  composition,
  domain,
  handler,
  implement,
  type Joined,
  need,
  query,
  team,
} from "./index.ts";

const Order = api("order", {
  versions: {
    "1.0.0": {
      ofCustomer: query("GET /customers/:customerId/orders", {
        input: z.object({ customerId: z.string(), limit: z.int().optional() }),
        output: z.object({ orders: z.array(z.object({ orderId: z.string(), parcel: z.int().nullable() })) }),
        refusals: { CustomerUnknown: z.object({ customerId: z.string() }), Locked: z.object({}) },
      }),
      place: command("POST /orders"),
    },
    // The newest has another shape; what is needed is the one before.
    "2.0.0": {
      ofCustomer: query("GET /customers/:customerId/orders", {
        input: z.object({ customerId: z.string() }),
        output: z.object({ ids: z.array(z.string()) }),
      }),
      place: command("POST /orders"),
    },
  },
  converters: {
    "2.0.0": {
      ofCustomer: { input: ({ customerId }) => ({ customerId }), output: () => ({ orders: [] }) },
    },
  },
});
const Payment = api("payment", {
  versions: {
    "1.0.0": {
      ofOrders: query("GET /payments", {
        input: z.object({ orderIds: z.array(z.string()).max(100), currency: z.string() }),
        output: z.object({ payments: z.array(z.object({ orderId: z.string(), amount: z.int() })) }),
        batch: { keys: "orderIds", items: "payments", key: "orderId" },
      }),
    },
  },
});
const Fulfillment = api("fulfillment", {
  versions: {
    "1.0.0": {
      parcel: query("GET /parcels/:number", {
        input: z.object({ number: z.int() }),
        output: z.object({ carrier: z.string() }),
        refusals: { ParcelUnknown: z.object({}) },
      }),
    },
  },
});
const Unneeded = api("catalog", { versions: { "1.0.0": { list: query("GET /products") } } });
const Storefront = api("storefront", {
  versions: {
    "1.0.0": {
      history: query("GET /customers/:customerId/history", {
        input: z.object({ customerId: z.string(), most: z.int().optional(), currency: z.string() }),
        output: z.object({
          orders: z.array(z.object({ orderId: z.string(), paid: z.int().nullable(), carrier: z.string().nullable() })),
          missing: z.array(z.object({ source: z.string(), code: z.string() })),
        }),
        refusals: { CustomerUnknown: z.object({ customerId: z.string() }), Locked: z.object({}) },
      }),
      forget: command("DELETE /customers/:customerId", { input: z.object({ customerId: z.string() }) }),
    },
  },
});
const storefront = domain("storefront", {
  owner: team("Web", { contact: "#web" }),
  capability: "Show what customers bought",
  publishes: [Storefront],
  needs: [need(Order, "1.0.0"), need(Payment, "1.0.0"), need(Fulfillment, "1.0.0")],
});

interface Orders {
  orders: { orderId: string; parcel: number | null }[];
}

const orders = { query: Order.ofCustomer, input: { customerId: "customerId", limit: "most" } } as const;

test("a composition is typed by the contracts of its sources, at the versions that the domain needs", () => {
  const history = composition(storefront, Storefront.history, {
    sources: {
      orders,
      few: {
        query: Order.ofCustomer,
        input: { customerId: "customerId", limit: { always: 5 } },
        optional: true,
        absent: ["CustomerUnknown"],
      },
      // Optional or not, as somebody decides elsewhere.
      perhaps: { query: Order.ofCustomer, input: { customerId: "customerId" }, optional: Math.random() > 2 },
    },
    joins: {
      payments: {
        query: Payment.ofOrders,
        keys: (found) => found.orders.orders.map(({ orderId }) => orderId),
        input: { currency: "currency" },
        optional: true,
      },
      parcels: {
        query: Fulfillment.parcel,
        keys: (found) => (found.payments?.all("o1") ?? []).map(({ amount }) => ({ number: amount })),
        absent: ["ParcelUnknown"],
      },
    },
    presentation: ["currency"],
    answer: ({ payments, parcels, ...found }) => {
      expectTypeOf(found.orders).toEqualTypeOf<Orders>();
      expectTypeOf(found.few).toEqualTypeOf<Orders | null | undefined>();
      expectTypeOf(found.perhaps).toEqualTypeOf<Orders | undefined>();
      expectTypeOf(payments).toEqualTypeOf<Joined<string, { orderId: string; amount: number }> | undefined>();
      expectTypeOf(parcels).toEqualTypeOf<Joined<{ number: number }, { carrier: string }>>();
      return {
        orders: found.orders.orders.map(({ orderId, parcel }) => ({
          orderId,
          paid: payments?.one(orderId)?.amount ?? null,
          carrier: parcel === null ? null : (parcels.one({ number: parcel })?.carrier ?? null),
        })),
      };
    },
  });
  expectTypeOf(history).toEqualTypeOf<Composition<"storefront", "history">>();
  const forget = handler(storefront, Storefront.forget, async () => undefined);
  implement(storefront, { apis: { storefront: { history, forget } } });
  // @ts-expect-error each handler stands at its own operation
  implement(storefront, { apis: { storefront: { history: forget, forget: history } } });
});

test("a composition answers a query that its domain publishes, from queries that it needs", () => {
  const answer = () => ({ orders: [] });
  // @ts-expect-error a command is not composed
  composition(storefront, Storefront.forget, { sources: { orders }, answer });
  // @ts-expect-error the domain does not publish this
  composition(storefront, Payment.ofOrders, { sources: { orders }, answer });
  // @ts-expect-error the domain does not need this
  composition(storefront, Storefront.history, { sources: { list: { query: Unneeded.list } }, answer });
  // @ts-expect-error a command is not asked
  composition(storefront, Storefront.history, { sources: { list: { query: Order.place } }, answer });
});

test("what a source asks for comes from a field of the same type, or is always the same", () => {
  const answer = () => ({ orders: [] });
  // @ts-expect-error the customer is not left out
  composition(storefront, Storefront.history, { sources: { orders: { query: Order.ofCustomer } }, answer });
  composition(storefront, Storefront.history, {
    // @ts-expect-error a number is no customer
    sources: { orders: { query: Order.ofCustomer, input: { customerId: "most" } } },
    answer,
  });
  composition(storefront, Storefront.history, {
    // @ts-expect-error nothing of that name is handed in
    sources: { orders: { query: Order.ofCustomer, input: { customerId: "customer" } } },
    answer,
  });
  composition(storefront, Storefront.history, {
    // @ts-expect-error a limit is a number
    sources: { orders: { query: Order.ofCustomer, input: { customerId: "customerId", limit: { always: "5" } } } },
    answer,
  });
  composition(storefront, Storefront.history, {
    // @ts-expect-error this is no refusal of the query
    sources: { orders: { ...orders, absent: ["Gone"] } },
    answer,
  });
});

test("a join asks for keys of the query's type", () => {
  const answer = () => ({ orders: [] });
  const input = { currency: "currency" } as const;
  composition(storefront, Storefront.history, {
    sources: { orders },
    // @ts-expect-error a parcel is no order
    joins: { payments: { query: Payment.ofOrders, input, keys: (found) => found.orders.orders.map((o) => o.parcel) } },
    answer,
  });
  composition(storefront, Storefront.history, {
    sources: { orders },
    // @ts-expect-error a query that answers for one takes its whole input
    joins: { parcels: { query: Fulfillment.parcel, absent: ["ParcelUnknown"], keys: () => [1] } },
    answer,
  });
});

test("what may be missing is treated as missing, and what Polder says is not the author's to say", () => {
  composition(storefront, Storefront.history, {
    sources: { orders: { ...orders, optional: true } },
    // @ts-expect-error the orders may be missing
    answer: (found) => ({ orders: found.orders.orders.map(({ orderId }) => ({ orderId, paid: null, carrier: null })) }),
  });
  composition(storefront, Storefront.history, {
    sources: { orders: { ...orders, absent: ["CustomerUnknown"] } },
    // @ts-expect-error there may be no such customer
    answer: (found) => ({ orders: found.orders.orders.map(({ orderId }) => ({ orderId, paid: null, carrier: null })) }),
  });
  // @ts-expect-error an answer is what the contract says
  composition(storefront, Storefront.history, { sources: { orders }, answer: () => ({ orders: [{ orderId: "o1" }] }) });
  composition(storefront, Storefront.history, {
    sources: { orders },
    // @ts-expect-error what is missing is said by Polder
    answer: () => ({ orders: [], missing: [] }),
  });
});
