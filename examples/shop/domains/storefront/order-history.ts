import { composition } from "polder";
import { Customer } from "../customer/contract.ts";
import { Fulfillment } from "../fulfillment/contract.ts";
import { Order } from "../order/contract.ts";
import { Payment } from "../payment/contract.ts";
import { Storefront } from "./contract.ts";
import { storefront } from "./domain.ts";
import { fullName } from "./full-name.ts";

/** A page is shown without what takes longer, in milliseconds. */
const PATIENCE_MS = 1_000;

/** Asks those who know it, when somebody wants to see it. Who has paid and what was sent may be missing; the orders may not. */
export const orderHistory = composition(storefront, Storefront.orderHistory, {
  sources: {
    customer: { query: Customer.customerById, input: { customerId: "customerId" } },
    placed: { query: Order.ordersOfCustomer, input: { customerId: "customerId" } },
  },
  joins: {
    payments: {
      query: Payment.paymentsOfOrders,
      keys: ({ placed }) => placed.orders.map(({ orderId }) => orderId),
      optional: true,
      deadlineMs: PATIENCE_MS,
    },
    shipments: {
      query: Fulfillment.shipmentsOfOrders,
      keys: ({ placed }) => placed.orders.map(({ orderId }) => orderId),
      optional: true,
      deadlineMs: PATIENCE_MS,
    },
  },
  answer: ({ customer, placed, payments, shipments }) => ({
    orders: placed.orders.map((order) => ({
      ...order,
      customerId: customer.customerId,
      customerName: fullName(customer),
      payment: payments === undefined ? null : paymentOf(payments.one(order.orderId)),
      shipment: shipments === undefined ? null : shipmentOf(shipments.one(order.orderId)),
    })),
  }),
});

function paymentOf(found: { readonly status: "confirmed" | "declined"; readonly reason: string | null } | undefined) {
  const { status, reason } = found ?? { status: "awaited" as const, reason: null };
  return { status, reason };
}

interface FoundShipment {
  readonly status: "waiting" | "shipped";
  readonly trackingNumber: string | null;
  readonly shippedAt: string | null;
}

/** Fulfillment may not have heard of it yet. */
function shipmentOf(found: FoundShipment | undefined) {
  const { status, trackingNumber, shippedAt } = found ?? {
    status: "waiting" as const,
    trackingNumber: null,
    shippedAt: null,
  };
  return { status, trackingNumber, shippedAt };
}
