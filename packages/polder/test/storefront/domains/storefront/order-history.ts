// #region composition
import { composition } from "polder";
import { Order } from "../order/contract.ts";
import { Payment } from "../payment/contract.ts";
import { Storefront } from "./contract.ts";
import { storefront } from "./domain.ts";

export const orderHistory = composition(storefront, Storefront.orderHistory, {
  sources: {
    orders: { query: Order.ofCustomer, input: { customerId: "customerId", limit: "limit" } },
  },
  joins: {
    payments: {
      query: Payment.ofOrders,
      keys: ({ orders }) => orders.orders.map(({ orderId }) => orderId),
      optional: true,
      deadlineMs: 500,
    },
  },
  answer: ({ orders, payments }) => ({
    orders: orders.orders.map((order) => ({
      ...order,
      payments: payments?.all(order.orderId).map(({ amount }) => amount) ?? null,
    })),
  }),
});
// #endregion composition
