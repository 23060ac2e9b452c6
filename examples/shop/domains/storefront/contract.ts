import { api, query } from "polder";
import { closedEnum, missingSources } from "polder/zod";
import { z } from "zod";

const customerId = z.uuid();
const time = z.iso.datetime();
const status = closedEnum("placed", "paid", "shipped", "cancelled");
const UnknownCustomer = z.object({ customerId });

// #region answer
const order = z.object({
  orderId: z.uuid(),
  customerId,
  /** Null until Storefront has heard of the customer. */
  customerName: z.string().nullable(),
  status,
  totalCents: z.int(),
  currency: z.string().length(3),
  placedAt: time,
  /** Null where nobody could be asked; `missing` says why. */
  payment: z
    .object({
      /** `awaited`: nothing is decided. */
      status: closedEnum("awaited", "confirmed", "declined"),
      /** Why it was declined. */
      reason: z.string().nullable(),
    })
    .nullable(),
  /** Null where nobody could be asked; `missing` says why. */
  shipment: z
    .object({
      status: closedEnum("waiting", "shipped"),
      trackingNumber: z.string().nullable(),
      shippedAt: time.nullable(),
    })
    .nullable(),
});
const history = z.object({ orders: z.array(order), missing: missingSources() });
// #endregion answer

export const Storefront = api("storefront", {
  versions: {
    "1.0.0": {
      /** The newest hundred orders of a customer, as their owners know them now. */
      orderHistory: query("GET /customers/:customerId/order-history", {
        input: z.object({ customerId }),
        output: history,
        refusals: { UnknownCustomer },
        access: "signed-in",
      }),
      /** Orders of all customers, the newest first, as they were a moment ago; nothing is ever missing. */
      searchOrders: query("GET /order-history", {
        input: z.object({
          customerId: customerId.optional(),
          status: status.optional(),
          paid: z.boolean().optional(),
          /** At this time or later. */
          shippedAfter: time.optional(),
          /** Before this time. */
          shippedBefore: time.optional(),
          /** By `shippedAt`, what is not shipped comes last. */
          sort: closedEnum("placedAt", "shippedAt").default("placedAt"),
          limit: z.int().min(1).max(100).default(50),
          /** The page that `next` of another one named, with the same `sort`. */
          after: z.string().max(100).optional(),
        }),
        output: history.extend({ next: z.string().nullable() }),
        refusals: { UnknownPage: z.object({ after: z.string() }) },
        access: "signed-in",
      }),
    },
  },
});
