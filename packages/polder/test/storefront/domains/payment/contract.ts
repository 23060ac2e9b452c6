import { api, event, query } from "polder";
import { z } from "zod";

// #region contract
export const Payment = api("payment", {
  versions: {
    "1.0.0": {
      ofOrders: query("GET /payments", {
        input: z.object({ orderId: z.array(z.string()).max(100) }),
        output: z.object({ payments: z.array(z.object({ orderId: z.string(), amount: z.int() })) }),
        batch: { keys: "orderId", items: "payments", key: "orderId" },
        access: "signed-in",
      }),
    },
  },
});
// #endregion contract

export const PaymentReceived = event("payment.PaymentReceived", {
  key: "orderId",
  versions: { "1.0.0": z.object({ orderId: z.string(), amount: z.int() }) },
});
