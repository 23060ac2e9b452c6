import { handler } from "polder";
import { Payment } from "./contract.ts";
import { payment } from "./domain.ts";
import { findPayments } from "./find-payments.ts";

export const paymentsOfOrders = handler(payment, Payment.paymentsOfOrders, async ({ input, tx }) => ({
  payments: await findPayments(tx, input.orderId),
}));
