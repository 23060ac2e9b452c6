import type { Project } from "polder";
import type { SimulatedOrder } from "./act.ts";

/** Prints a line every few seconds: what the customers saw, and what the domains have made of it. */
export interface LiveSummary extends AsyncDisposable {
  readonly order: (order: SimulatedOrder) => void;
}

/** Between two lines, in milliseconds. */
const LINE_MS = 2_000;

/** What each domain's own tables say, read as the administrator. */
const counts = `select
  (select count(*) from "order".orders)::int as orders,
  (select count(*) from "order".orders where status = 'shipped')::int as shipped,
  (select count(*) from payment.payment where status = 'confirmed')::int as paid,
  (select count(*) from fulfillment.shipment)::int as shipments,
  (select coalesce(sum(on_hand), 0) from inventory.stock)::int as on_hand`;

interface Counts {
  readonly orders: number;
  readonly shipped: number;
  readonly paid: number;
  readonly shipments: number;
  readonly on_hand: number;
}

/** Starts to print; disposing prints the last line. */
export function liveSummary(options: { readonly project: Project; readonly write: (line: string) => void }): LiveSummary {
  const { project, write } = options;
  let answered = 0;
  let refused = 0;
  let durations: number[] = [];
  const line = async (): Promise<void> => {
    const { admin } = await project.database();
    const { rows } = await admin.query<Counts>(counts);
    const now = rows[0];
    if (now === undefined) return;
    durations.sort((a, b) => a - b);
    const p50 = durations[Math.floor(durations.length / 2)];
    durations = [];
    const answer = p50 === undefined ? "" : `, answered in ${p50.toFixed(0)} ms`;
    write(`  customers: ${answered} orders placed, ${refused} refused${answer} | order: ${now.orders} | payment: ${now.paid} paid | fulfillment: ${now.shipments} shipped | order knows of ${now.shipped} | inventory: ${now.on_hand} on hand\n`);
  };
  const timer = setInterval(() => void line().catch(() => undefined), LINE_MS);
  return {
    order: (order) => {
      if (order.outcome === "placed") answered += 1;
      else refused += 1;
      durations.push(order.durationMs);
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await line();
    },
  };
}
