import { implement } from "polder";
import { payment } from "./domain.ts";
import { giveUp } from "./give-payment-up.ts";
import { paymentOfOrder } from "./payment-of-order.ts";
import { paymentsOfOrders } from "./payments-of-orders.ts";
import { takePayment } from "./take-payment.ts";

export default implement(payment, {
  apis: { payment: { paymentOfOrder, paymentsOfOrders, giveUp } },
  subscriptions: [takePayment],
});
