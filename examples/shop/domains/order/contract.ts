import { api, command, event, query } from "polder";
import { closedEnum } from "polder/zod";
import { z } from "zod";

const orderId = z.uuid();
const customerId = z.uuid();
const sku = z.string().min(1).max(64);
const unitCents = z.int().min(1).max(1_000_000);
const totalCents = z.int();
const currency = z.string().length(3);
const status = closedEnum("placed", "paid", "shipped", "cancelled");
/** Inventory has never had it. */
const UnknownSku = z.object({ sku: z.string() });
/** It has no price. */
const UnknownProduct = z.object({ sku: z.string() });

// 20 lines of 100 pieces at 1,000,000 cents are 2,000,000,000 cents: the largest order still fits PostgreSQL's int.
const line = z.object({ sku, quantity: z.int().min(1).max(100) });
const lines = z.array(line).min(1).max(20);

export const Order = api("order", {
  versions: {
    "1.0.0": {
      /** What goods cost and how many are there, now: it promises neither. */
      quote: query("GET /quotes", {
        input: z.object({ sku: z.array(sku).min(1).max(20) }),
        output: z.object({
          currency,
          goods: z.array(z.object({ sku: z.string(), unitCents: z.int(), available: z.int() })),
          /** What others have ordered together with the first of them; nothing while nobody knows. */
          goesWith: z.array(z.object({ sku: z.string(), title: z.string().nullable() })),
        }),
        refusals: { UnknownSku, UnknownProduct },
        access: "anyone",
      }),
      place: command("POST /orders", {
        input: z.object({ customerId, lines }),
        output: z.object({ orderId, totalCents, currency }),
        refusals: { OutOfStock: z.object({ sku: z.string(), available: z.int() }), UnknownSku, UnknownProduct },
        access: "signed-in",
      }),
      orderById: query("GET /orders/:orderId", {
        input: z.object({ orderId }),
        output: z.object({
          orderId,
          customerId,
          /** Missing until Order has heard of the customer. */
          customerName: z.string().nullable(),
          status,
          totalCents,
          currency,
          placedAt: z.iso.datetime(),
          lines: z.array(z.object({ sku: z.string(), quantity: z.int(), unitCents: z.int() })),
        }),
        refusals: { UnknownOrder: z.object({ orderId }) },
        access: "signed-in",
      }),
      /** The newest hundred. */
      ordersOfCustomer: query("GET /customers/:customerId/orders", {
        input: z.object({ customerId }),
        output: z.object({
          customerName: z.string().nullable(),
          orders: z.array(z.object({ orderId, status, totalCents, currency, placedAt: z.iso.datetime() })),
        }),
        access: "signed-in",
      }),
      setPrice: command("PUT /prices/:sku", { input: z.object({ sku, unitCents }), access: "prices.write" }),
    },
  },
});

const placed = {
  orderId,
  customerId,
  totalCents,
  currency,
  lines: z.array(z.object({ sku: z.string(), quantity: z.int(), reservationId: z.uuid() })),
};

export const OrderPlaced = event("order.OrderPlaced", {
  key: "orderId",
  versions: {
    "1.0.0": z.object(placed),
    /** Says when, as the API does; events of before do not. */
    "1.1.0": z.object({ ...placed, placedAt: z.iso.datetime().optional() }),
  },
});

export const OrderCancelled = event("order.OrderCancelled", {
  key: "orderId",
  versions: {
    "1.0.0": z.object({ orderId, customerId, reason: z.string(), reservationIds: z.array(z.uuid()) }),
  },
});
