import type { Reader } from "polder";

/** What was decided about an order. */
interface FoundPayment {
  readonly paymentId: string;
  readonly orderId: string;
  readonly status: "confirmed" | "declined";
  readonly reason: string | null;
  readonly amountCents: number;
  readonly currency: string;
  readonly decidedAt: string;
}

/** The payments of orders, as far as they are decided: of each order one at most. */
export async function findPayments(reader: Reader, orderIds: readonly string[]): Promise<FoundPayment[]> {
  const found = await reader.sql<Omit<FoundPayment, "decidedAt"> & { readonly decidedAt: Date }>`
    select
      payment_id as "paymentId", order_id as "orderId", status, reason,
      amount_cents as "amountCents", currency, decided_at as "decidedAt"
    from payment
    where order_id = any (${orderIds}::uuid[])
  `;
  return found.map((payment) => ({ ...payment, decidedAt: payment.decidedAt.toISOString() }));
}
