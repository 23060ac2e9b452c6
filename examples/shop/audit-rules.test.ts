import { expect, test } from "vitest";
import { disagreements, type Facts } from "./audit-rules.ts";

const tea = { orderId: "o1", reservationId: "r1", sku: "tea", quantity: 2 };
const mug = { orderId: "o2", reservationId: "r2", sku: "mug", quantity: 1 };

const teaStock = { sku: "tea", onHand: 8, reserved: 0, received: 10 };
const mugStock = { sku: "mug", onHand: 10, reserved: 0, received: 10 };
const picked = { ...tea, status: "picked" } as const;
const released = { ...mug, status: "released" } as const;
const refused = { orderId: "o3", reservationId: "r3", sku: "tea", quantity: 1, status: "released" } as const;
const byAda = { customerId: "c1", placedAt: "at 1" } as const;
const shipped = { orderId: "o1", ...byAda, status: "shipped", totalCents: 1_000, paid: true, shipped: true } as const;
const cancelled = {
  orderId: "o2",
  ...byAda,
  status: "cancelled",
  totalCents: 1_313,
  paid: false,
  shipped: false,
} as const;
const confirmed = { paymentId: "p1", orderId: "o1", status: "confirmed", reason: null, amountCents: 1_000 } as const;
const declined = { paymentId: "p2", orderId: "o2", status: "declined", reason: "no", amountCents: 1_313 } as const;
const sent = { orderId: "o1", shipped: true, trackingNumber: "PARCEL-1", shippedAt: "at 2" };
const kept = { orderId: "o2", shipped: false, trackingNumber: null, shippedAt: null };
const shownShipped = {
  orderId: "o1",
  ...byAda,
  totalCents: 1_000,
  status: "shipped",
  payment: "confirmed",
  reason: null,
  trackingNumber: "PARCEL-1",
  shippedAt: "at 2",
} as const;
const shownCancelled = {
  orderId: "o2",
  ...byAda,
  totalCents: 1_313,
  status: "cancelled",
  payment: "declined",
  reason: "no",
  trackingNumber: null,
  shippedAt: null,
} as const;

/** One order was shipped, one declined, one refused; ten of each good came in. */
const agreed: Facts = {
  customers: [{ customerId: "c1", name: "Ada" }],
  names: [{ customerId: "c1", name: "Ada" }],
  stock: [teaStock, mugStock],
  reservations: [picked, released, refused],
  orders: [shipped, cancelled],
  lines: [
    { ...tea, unitCents: 500 },
    { ...mug, unitCents: 1_313 },
  ],
  payments: [confirmed, declined],
  shipments: [sent, kept],
  shipmentLines: [tea, mug],
  entries: [{ paymentId: "p1", amountCents: 1_000 }],
  balances: [
    { account: "bank", balanceCents: 1_000 },
    { account: "sales", balanceCents: -1_000 },
  ],
  products: [{ sku: "tea", title: "Green tea" }],
  titles: [{ sku: "tea", title: "Green tea" }],
  pairs: [],
  shown: [shownShipped, shownCancelled],
  shownNames: [{ customerId: "c1", name: "Ada" }],
};

/** The same shop while the news of the payment and the shipment are still on their way. */
const underWay: Facts = {
  ...agreed,
  names: [],
  stock: [{ sku: "tea", onHand: 10, reserved: 2, received: 10 }],
  reservations: [{ ...tea, status: "open" }],
  orders: [{ ...shipped, status: "placed", paid: false, shipped: false }],
  lines: [{ ...tea, unitCents: 500 }],
  payments: [confirmed],
  shipments: [sent],
  shipmentLines: [tea],
  entries: [],
  balances: [],
  titles: [],
  pairs: [{ sku: "tea", other: "mug", orders: 1 }],
  shown: [{ ...shownShipped, status: "placed", payment: "awaited", trackingNumber: null, shippedAt: null }],
  shownNames: [],
};

test("domains that agree have nothing to say", () => {
  expect(disagreements(agreed, { settled: true })).toEqual([]);
});

test("news on its way is no disagreement, unless the shop is settled", () => {
  expect(disagreements(underWay, { settled: false })).toEqual([]);
  expect(disagreements(underWay, { settled: true })).toEqual([
    "order o1: left placed",
    "order o1: has not heard of its payment",
    "order o1: has not heard of its shipment",
    "reservation r1: open, but its order is placed",
    "1 payments confirmed, 0 booked",
    "1000 confirmed, but a revenue of 0",
    "tea: Green tea, but Recommendation says undefined",
    "tea and mug: in 0 orders together, but Recommendation counts 1",
    "customer c1: Ada, but Order says undefined",
    "order o1: payment confirmed, but Storefront shows awaited",
    "order o1: trackingNumber PARCEL-1, but Storefront shows null",
    "order o1: shippedAt at 2, but Storefront shows null",
    "customer c1: Ada, but Storefront says undefined",
  ]);
});

test.each<[says: string, wrong: Partial<Facts>]>([
  ["tea: 10 received, but 7 on hand and 2 picked", { stock: [{ ...teaStock, onHand: 7 }] }],
  ["tea: 1 reserved, but 0 in open reservations", { stock: [{ ...teaStock, reserved: 1 }] }],
  ["tea: -1 reserved of 8 on hand", { stock: [{ ...teaStock, reserved: -1 }] }],
  ["tea: 9 reserved of 8 on hand", { stock: [{ ...teaStock, reserved: 9 }] }],
  ["order o1: 2 tea are not what r1 reserves", { reservations: [{ ...picked, quantity: 3 }] }],
  ["order o2: 1 mug are not what r2 reserves", { reservations: [picked] }],
  ["order o1: total 900, but lines of 1000", { orders: [{ ...shipped, totalCents: 900 }] }],
  ["order o1: total 0", { orders: [{ ...shipped, totalCents: 0 }] }],
  ["order o1: more than one payment", { payments: [confirmed, { ...confirmed, paymentId: "p3" }] }],
  ["order o1: total 1000, but a payment of 999", { payments: [{ ...confirmed, amountCents: 999 }] }],
  ["order o2: total undefined, but a payment of 1313", { orders: [shipped] }],
  ["order o1: paid, but its payment is undefined", { payments: [declined] }],
  [
    "order o2: cancelled, but its payment is confirmed",
    { payments: [confirmed, { ...declined, status: "confirmed" }] },
  ],
  ["order o2: sent off unpaid", { shipments: [{ ...sent, orderId: "o2" }] }],
  ["order o1: shipped, but never sent off", { shipments: [] }],
  ["order o1: ships 5 tea, which nobody ordered", { shipmentLines: [{ ...tea, quantity: 5 }] }],
  ["reservation r1: picked, not shipped", { shipmentLines: [] }],
  ["reservation r1: released, but order o1 stands", { reservations: [{ ...picked, status: "released" }] }],
  ["payment p1: 999 booked, but 1000 confirmed", { entries: [{ paymentId: "p1", amountCents: 999 }] }],
  ["payment p2: 1313 booked, but undefined confirmed", { entries: [{ paymentId: "p2", amountCents: 1_313 }] }],
  ["order o1: total 1000, but Storefront shows 900", { shown: [{ ...shownShipped, totalCents: 900 }] }],
  ["order o3: total undefined, but Storefront shows 1000", { shown: [{ ...shownShipped, orderId: "o3" }] }],
  [
    "order o2: Storefront shows it confirmed, but its payment is declined",
    { shown: [{ ...shownCancelled, payment: "confirmed" }] },
  ],
  ["order o2: Storefront shows it shipped before it was", { shown: [{ ...shownCancelled, shippedAt: "at 3" }] }],
  ["the postings of the books do not make zero but 1000", { balances: [{ account: "bank", balanceCents: 1_000 }] }],
])("at any time: %s", (says, wrong) => {
  expect(disagreements({ ...agreed, ...wrong }, { settled: false })).toContain(says);
});

test.each<[says: string, wrong: Partial<Facts>]>([
  ["order o1: left paid", { orders: [{ ...shipped, status: "paid", shipped: false }] }],
  ["order o1: no payment", { payments: [] }],
  ["order o2: Fulfillment does not know of its mug", { shipmentLines: [tea] }],
  [
    "reservation r4: open, but its order is undefined",
    { reservations: [{ ...refused, reservationId: "r4", status: "open" }] },
  ],
  ["1 payments confirmed, 0 booked", { entries: [] }],
  ["1000 confirmed, but a revenue of 0", { balances: [] }],
  ["tea: Green tea, but Recommendation says Tea", { titles: [{ sku: "tea", title: "Tea" }] }],
  [
    "tea and cup: in 1 orders together, but Recommendation counts 0",
    {
      lines: [
        { ...tea, unitCents: 250 },
        { ...mug, unitCents: 1_313 },
        { ...tea, sku: "cup", reservationId: "r5", unitCents: 250 },
      ],
    },
  ],
  ["customer c1: Ada, but Order says Adam", { names: [{ customerId: "c1", name: "Adam" }] }],
  ["order o2: status cancelled, but Storefront shows undefined", { shown: [shownShipped] }],
  ["order o1: placedAt at 1, but Storefront shows at 9", { shown: [{ ...shownShipped, placedAt: "at 9" }] }],
  ["order o2: reason no, but Storefront shows null", { shown: [{ ...shownCancelled, reason: null }] }],
  ["order o1: shippedAt at 2, but Storefront shows at 9", { shown: [{ ...shownShipped, shippedAt: "at 9" }] }],
  ["customer c1: Ada, but Storefront says Adam", { shownNames: [{ customerId: "c1", name: "Adam" }] }],
])("when settled: %s", (says, wrong) => {
  expect(disagreements({ ...agreed, ...wrong }, { settled: true })).toContain(says);
  expect(disagreements({ ...agreed, ...wrong }, { settled: false })).not.toContain(says);
});
