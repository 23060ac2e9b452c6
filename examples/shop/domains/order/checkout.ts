import { saga } from "polder";
import { z } from "zod";
import { Inventory } from "../inventory/contract.ts";
import { Payment } from "../payment/contract.ts";
import { cancelOrder } from "./cancel-order.ts";
import { Order } from "./contract.ts";
import { currency } from "./currency.ts";
import { order } from "./domain.ts";
import { insertOrder } from "./insert-order.ts";

/** How long the money may take, in milliseconds: an hour. */
const PAYMENT_MAX_MS = 3_600_000;

/**
 * The way of an order: every line is reserved, or none; the order is placed, and its customer has the answer; then it is
 * paid, or cancelled. Whatever goes wrong, and whichever process dies on the way: what was done is taken back.
 */
export const checkout = saga(order, "checkout", {
  input: z.object({
    orderId: z.uuid(),
    customerId: z.uuid(),
    totalCents: z.int(),
    lines: z.array(z.object({ sku: z.string(), quantity: z.int(), unitCents: z.int() })),
  }),
  answers: Order.place,
  waits: {
    "payment.PaymentConfirmed": ({ orderId }) => orderId,
    "payment.PaymentDeclined": ({ orderId }) => orderId,
  },
  // Somebody waits for the answer: a few attempts in about three seconds.
  options: { attemptsMax: 5, backoffMs: 200 },

  run: async ({ input, step, local, waitFor, answer, refuse, abort }) => {
    const { orderId, customerId, totalCents } = input;
    const reserved = await Promise.all(
      input.lines.map(async (line, index) => {
        const { sku, quantity } = line;
        const reservation = await step(`reserve ${index}`, {
          run: ({ call, key }) => call(Inventory).reserve({ orderId, sku, quantity }, { key }),
          undo: async ({ call, key, result }) => {
            if (result.ok) await call(Inventory).release({ reservationId: result.value.reservationId }, { key });
          },
        });
        return { line, reservation };
      }),
    );
    const lines = reserved.map(({ line, reservation }) => {
      if (reservation.ok) return { ...line, reservationId: reservation.value.reservationId };
      const { sku } = line;
      if (reservation.refusal === "UnknownSku") return abort(refuse("UnknownSku", { sku }));
      return abort(refuse("OutOfStock", { sku, available: reservation.details.available }));
    });

    const placed = { orderId, customerId, totalCents, lines };
    await local("place", {
      run: ({ tx }) => insertOrder(tx, placed),
      undo: ({ tx, reason }) => cancelOrder(tx, placed, reason),
    });
    await answer({ orderId, totalCents, currency });

    const decision = await waitFor("payment", ["payment.PaymentConfirmed", "payment.PaymentDeclined"], {
      timeoutMs: PAYMENT_MAX_MS,
    });
    if (decision?.name === "payment.PaymentDeclined") abort(decision.data.reason);
    if (decision === undefined) {
      const reason = "it was not paid in time";
      const givenUp = await step("give the payment up", {
        run: ({ call, key }) =>
          call(Payment).giveUp({ orderId, customerId, amountCents: totalCents, currency, reason }, { key }),
      });
      // Otherwise the money came in the last moment.
      if (givenUp.ok) abort(reason);
    }
    const paidAt = decision?.at.toISOString() ?? null;
    await local("paid", {
      run: async ({ tx }) => {
        await tx.sql`
          update orders
          set paid_at = coalesce(${paidAt}::timestamptz, now())
          where order_id = ${orderId}
        `;
      },
    });
  },
});
