import type { Project } from "polder";
import type { SimulatedOrder } from "./act.ts";

/** Prints a line every few seconds: what the customers saw, and what the domains have made of it. */
export interface LiveSummary extends AsyncDisposable {
  readonly order: (order: SimulatedOrder) => void;
}

/** Between two lines, in milliseconds. */
const LINE_MS = 2_000;
/** Lines after which the head is printed again. */
const LINES_BETWEEN_HEADS = 20;

const widths = [8, 8, 9, 9, 10, 10, 10, 13, 12, 12, 12];
const domains = [
  "",
  "",
  "customers",
  "",
  "order",
  "payment",
  "payment",
  "fulfillment",
  "accounting",
  "inventory",
  "storefront",
];
const columns = [
  "time",
  "placed",
  "refused",
  "answer",
  "orders",
  "paid",
  "declined",
  "shipped",
  "booked",
  "on hand",
  "shown",
];
const head = `\n${row(domains)}\n${row(columns)}\n`;

/** What each domain's own tables say, read as the administrator, in the order of the columns. */
const counts: readonly (readonly [domain: string, sql: string])[] = [
  ["order", `select count(*)::int as count from "order".orders`],
  ["payment", "select count(*)::int as count from payment.payment where status = 'confirmed'"],
  ["payment", "select count(*)::int as count from payment.payment where status = 'declined'"],
  ["fulfillment", "select count(*)::int as count from fulfillment.shipment where shipped_at is not null"],
  ["accounting", "select count(*)::int as count from accounting.entry"],
  ["inventory", "select coalesce(sum(on_hand), 0)::int as count from inventory.stock"],
  ["storefront", "select count(placed_at)::int as count from storefront.order_history"],
];

/** Starts to print; disposing prints the last line. */
export function liveSummary(options: {
  readonly project: Project;
  readonly write: (line: string) => void;
}): LiveSummary {
  const { project, write } = options;
  let placed = 0;
  let refused = 0;
  let lines = 0;
  let durationsMs: number[] = [];
  const print = async (): Promise<void> => {
    const { adminOf } = await project.database();
    const now = await Promise.all(
      counts.map(async ([domain, sql]) => (await adminOf(domain).query<{ count: number }>(sql)).rows[0]?.count ?? 0),
    );
    const middleMs = durationsMs.toSorted((a, b) => a - b)[Math.floor(durationsMs.length / 2)];
    durationsMs = [];
    const time = new Date().toTimeString().slice(0, 8);
    const answer = middleMs === undefined ? "-" : `${middleMs.toFixed(0)} ms`;
    if (lines % LINES_BETWEEN_HEADS === 0) write(head);
    lines += 1;
    write(`${row([time, placed, refused, answer, ...now])}\n`);
  };
  // A line that cannot be printed, since the database is away, is left out; the next one tells the same and more.
  const timer = setInterval(() => void print().catch(() => undefined), LINE_MS);
  return {
    order: ({ outcome, durationMs }) => {
      if (outcome === "placed") placed += 1;
      else refused += 1;
      durationsMs.push(durationMs);
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await print();
    },
  };
}

function row(cells: readonly (string | number)[]): string {
  return `  ${cells.map((cell, column) => String(cell).padStart(widths[column] ?? 0)).join("")}`;
}
