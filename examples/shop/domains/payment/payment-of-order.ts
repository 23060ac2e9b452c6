import { handler } from "polder";
import { Payment } from "./contract.ts";
import { payment } from "./domain.ts";
import { findPayments } from "./find-payments.ts";

export const paymentOfOrder = handler(payment, Payment.paymentOfOrder, async ({ input, tx, refuse }) => {
  const [found] = await findPayments(tx, [input.orderId]);
  return found ?? refuse("UnknownOrder", input);
});
