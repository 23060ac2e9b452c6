import { api, command, event, query } from "polder";
import { closedEnum } from "polder/zod";
import { z } from "zod";

const paymentId = z.uuid();
const orderId = z.uuid();
const customerId = z.uuid();
const currency = z.string().length(3);

const payment = z.object({
  paymentId,
  orderId,
  status: closedEnum("confirmed", "declined"),
  /** Why it was declined. */
  reason: z.string().nullable(),
  amountCents: z.int(),
  currency,
  decidedAt: z.iso.datetime(),
});

const ofOneOrder = {
  paymentOfOrder: query("GET /orders/:orderId/payment", {
    input: z.object({ orderId }),
    output: payment,
    refusals: { UnknownOrder: z.object({ orderId }) },
    access: "signed-in",
  }),
  /** From now on no money is taken for the order. */
  giveUp: command("POST /orders/:orderId/payment/give-up", {
    input: z.object({ orderId, customerId, amountCents: z.int(), currency, reason: z.string().min(1).max(200) }),
    refusals: { AlreadyPaid: z.object({ paymentId }) },
  }),
};

export const Payment = api("payment", {
  versions: {
    "1.0.0": ofOneOrder,
    "1.1.0": {
      ...ofOneOrder,
      /** Of orders about which nothing is decided there is no payment. */
      paymentsOfOrders: query("GET /payments", {
        input: z.object({ orderId: z.array(orderId).min(1).max(100) }),
        output: z.object({ payments: z.array(payment) }),
        batch: { keys: "orderId", items: "payments", key: "orderId" },
        access: "signed-in",
      }),
    },
  },
});

export const PaymentConfirmed = event("payment.PaymentConfirmed", {
  key: "orderId",
  versions: { "1.0.0": z.object({ paymentId, orderId, customerId, amountCents: z.int(), currency }) },
});

export const PaymentDeclined = event("payment.PaymentDeclined", {
  key: "orderId",
  versions: { "1.0.0": z.object({ orderId, reason: z.string() }) },
});
