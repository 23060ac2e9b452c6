import { handler } from "polder";
import { Storefront } from "./contract.ts";
import { storefront } from "./domain.ts";
import { type PageEnd, readPageEnd, type Sort, writePageEnd } from "./search-page.ts";

interface FoundOrder {
  readonly orderId: string;
  readonly customerId: string;
  readonly customerName: string | null;
  readonly status: "placed" | "paid" | "shipped" | "cancelled";
  readonly totalCents: number;
  readonly currency: string;
  readonly placedAt: Date;
  readonly payment: "awaited" | "confirmed" | "declined";
  readonly declineReason: string | null;
  readonly trackingNumber: string | null;
  readonly shippedAt: Date | null;
}

/** Finds and sorts by what four domains know: a composition could do so only among the orders that it happened to fetch. */
export const searchOrders = handler(storefront, Storefront.searchOrders, async ({ input, tx, refuse }) => {
  const { customerId, status, paid, shippedAfter, shippedBefore, sort, limit, after } = input;
  const end = after === undefined ? undefined : readPageEnd(after, sort);
  if (after !== undefined && end === undefined) return refuse("UnknownPage", { after });
  const sqlSort = sort === "placedAt" ? "placed_at" : "coalesce(shipped_at, '-infinity')";
  const { rows } = await tx.query<FoundOrder>(
    `select
  order_id as "orderId", customer_id as "customerId", name as "customerName", status, total_cents as "totalCents",
  currency, placed_at as "placedAt", payment, decline_reason as "declineReason", tracking_number as "trackingNumber",
  shipped_at as "shippedAt"
from order_history
left join customer_name using (customer_id)
where placed_at is not null
  and ($1::uuid is null or customer_id = $1)
  and ($2::text is null or status = $2)
  and ($3::boolean is null or (payment = 'confirmed') = $3)
  and ($4::timestamptz is null or shipped_at >= $4)
  and ($5::timestamptz is null or shipped_at < $5)
  and ($6::uuid is null or (${sqlSort}, order_id) < ($7::timestamptz, $6))
order by ${sqlSort} desc, order_id desc
limit $8`,
    [customerId, status, paid, shippedAfter, shippedBefore, end?.orderId, end?.at ?? "-infinity", limit + 1],
  );
  const found = rows.slice(0, limit);
  const last = found.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return { orders: found.map(orderOf), missing: [], next: hasMore ? writePageEnd(sort, endOf(last, sort)) : null };
});

function endOf({ orderId, placedAt, shippedAt }: FoundOrder, sort: Sort): PageEnd {
  return { orderId, at: sort === "placedAt" ? placedAt : shippedAt };
}

function orderOf({ placedAt, payment, declineReason, trackingNumber, shippedAt, ...order }: FoundOrder) {
  const status = shippedAt === null ? ("waiting" as const) : ("shipped" as const);
  return {
    ...order,
    placedAt: placedAt.toISOString(),
    payment: { status: payment, reason: declineReason },
    shipment: { status, trackingNumber, shippedAt: shippedAt?.toISOString() ?? null },
  };
}
