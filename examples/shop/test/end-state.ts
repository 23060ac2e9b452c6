import type { Ask } from "../audit.ts";
import { domainNames } from "./spread-shop.ts";

/** What every domain keeps, table by table, comparable with that of another run. */
export type EndState = Readonly<Record<string, readonly string[]>>;

/** The ids that are drawn at random, each with what it stands for. An order's own id follows from the key of its command. */
const drawn: readonly (readonly [domain: string, sql: string])[] = [
  ["customer", "select customer_id::text as id, 'customer ' || email as name from customer.customer"],
  ["inventory", "select delivery_id::text as id, 'delivery of ' || sku as name from inventory.delivery"],
  ["inventory", "select reservation_id::text as id, sku || ' of ' || order_id as name from inventory.reservation"],
  ["payment", "select payment_id::text as id, 'payment of ' || order_id as name from payment.payment"],
  ["fulfillment", "select shipment_id::text as id, 'shipment of ' || order_id as name from fulfillment.shipment"],
  ["accounting", "select entry_id::text as id, 'entry of ' || payment_id as name from accounting.entry"],
];

/** The tables of a domain, those of its read models and replicas among them. */
const tablesOf = (domain: string): string => `
  select tablename::text as name
  from pg_tables
  where schemaname = '${domain}' and tablename not like '\\_%'
  union all
  select unnest(tables)
  from "${domain}"._build
  where state = 'serving'
  order by 1`;

/**
 * Reads all tables of all domains: every row as text, in order, with ids that were drawn at random replaced by what they
 * stand for, and times left out; and of every log how many events of each type it has.
 */
export async function endState(ask: Ask): Promise<EndState> {
  const names = new Map<string, string>();
  for (const [domain, sql] of drawn) {
    for (const { id, name } of (await ask(sql, domain)) as readonly { id: string; name: string }[]) names.set(id, name);
  }
  const state: Record<string, readonly string[]> = {};
  for (const domain of domainNames) {
    const tables = (await ask(tablesOf(domain), domain)) as readonly { name: string }[];
    for (const { name } of tables) {
      const rows = await ask(`select to_jsonb(t)::text as row from "${domain}"."${name}" t`, domain);
      state[`${domain}.${name}`] = (rows as readonly { row: string }[]).map(({ row }) => canonical(row, names)).sort();
    }
    const sql = `select type || ': ' || count(*) as row from polder.log_${domain} group by type order by 1`;
    state[`${domain} events`] = ((await ask(sql, domain)) as readonly { row: string }[]).map(({ row }) => row);
  }
  return state;
}

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const time = /"\d{4}-\d\d-\d\dT[^"]+"/g;

function canonical(row: string, names: ReadonlyMap<string, string>): string {
  let text = row.replaceAll(time, '"a time"');
  // What an id stands for may have an id in it: an entry is of a payment, and that of an order.
  for (let depth = 0; depth < 3; depth += 1) text = text.replaceAll(uuid, (id) => names.get(id) ?? id);
  return text;
}
