import type { Implementation } from "@polder/model";
import {
  type Database,
  type DatabaseAddress,
  homeOf,
  migrationOf,
  openDatabase,
  openSecrets,
  provision,
} from "@polder/postgres";
import { migrateDomain, projectScopes } from "@polder/runtime";
import type { ServerAddress } from "../events/contender.ts";
import { tables } from "./domains.ts";

/** A partition of outbox and log holds all that a benchmark publishes. */
const PARTITION_ROWS = 4_000_000;

/** The database as its administrator. The caller closes it. */
export function openAdmin(server: ServerAddress): Database {
  return openDatabase({ ...server, connectionsMax: 2, statementTimeoutMs: 0 });
}

/** Gives domains their homes, their tables, and those of what they keep of others. */
export async function setUpHistory(server: ServerAddress, implementations: readonly Implementation[]): Promise<void> {
  await using admin = openAdmin(server);
  const domains = implementations.map((implementation) => {
    const { name } = implementation.domain;
    return { name, implementation, migrations: [migrationOf("0001-tables.sql", tables[name] ?? "")] };
  });
  const scopes = projectScopes(domains, { retention: { partitionRows: PARTITION_ROWS } });
  const { get: password } = openSecrets({ directory: server.directory, env: process.env });
  await provision({ admin, homes: domains.map(({ name }) => homeOf(name)), scopes, password });
  for (const one of domains) await migrateDomain(one, { admin });
}

/** How the process of a domain, or of one that reads its events, comes to the database. */
export function addressIn(server: ServerAddress): (domain: string, reader?: string) => DatabaseAddress {
  const { get: password } = openSecrets({ directory: server.directory, env: process.env });
  return (domain, reader = domain) => {
    const { app } = homeOf(reader);
    return { ...server, user: app, password: password(app) };
  };
}

/** How much there is. */
export interface HistorySize {
  readonly customers: number;
  /** Of all customers together; each has as many. */
  readonly orders: number;
}

/** The part of the log that a key is in, as the relay reckons it. */
const sqlPart = "(get_byte(sha256(convert_to(key, 'UTF8')), 0) & 63)::smallint";

/**
 * Puts customers, orders, payments for nine of ten and shipments of eight of ten in place, in the tables of their domains
 * and as events in their logs, in the order in which they would have come.
 */
export async function fillHistory(admin: Database, { customers, orders }: HistorySize): Promise<void> {
  const sqlId = (prefix: string, number: string): string =>
    `(lpad('${prefix}', 8, '0') || '-0000-4000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`;
  const sqlOrder = sqlId("0", "n");
  const sqlCustomer = sqlId("1", `n % ${customers}`);
  const run = async (text: string): Promise<void> => void (await admin.query(text));
  await run(
    `insert into customers.customer select ${sqlId("1", "n")}, 'Customer ' || n from generate_series(0, ${customers - 1}) n`,
  );
  await run(
    `insert into orders.placed select ${sqlOrder}, ${sqlCustomer}, 100 + n % 9000 from generate_series(0, ${orders - 1}) n`,
  );
  await run(
    `insert into payments.payment select ${sqlOrder}, ${sqlCustomer}, 100 + n % 9000 from generate_series(0, ${orders - 1}) n where n % 10 < 9`,
  );
  await run(
    `insert into shipments.shipment select ${sqlOrder}, ${sqlCustomer}, 'T' || n from generate_series(0, ${orders - 1}) n where n % 10 < 8`,
  );
  const log = async (domain: string, type: string, sqlRows: string): Promise<void> => {
    await run(
      `insert into polder.log_${domain} (seq, outbox_id, part, event_id, key, type, version, data, at)
select number, number, ${sqlPart}, gen_random_uuid(), key, '${type}', '1.0.0', data, now()
from (select row_number() over (order by n) as number, key::text as key, data from (${sqlRows}) e) e`,
    );
    await run(
      `update polder.relay set seq = (select coalesce(max(seq), 0) from polder.log_${domain}) where domain = '${domain}'`,
    );
    await run(`vacuum analyze polder.log_${domain}`);
  };
  const every = `from generate_series(0, ${orders - 1}) n`;
  await log(
    "customers",
    "customers.Named",
    `select n, ${sqlId("1", "n")} as key, json_build_object('customerId', ${sqlId("1", "n")}, 'name', 'Customer ' || n) as data from generate_series(0, ${customers - 1}) n`,
  );
  await log(
    "orders",
    "orders.Placed",
    `select n, ${sqlOrder} as key, json_build_object('orderId', ${sqlOrder}, 'customerId', ${sqlCustomer}, 'totalCents', 100 + n % 9000, 'number', n) as data ${every}`,
  );
  await log(
    "payments",
    "payments.Paid",
    `select n, ${sqlOrder} as key, json_build_object('orderId', ${sqlOrder}, 'amountCents', 100 + n % 9000) as data ${every} where n % 10 < 9`,
  );
  await log(
    "shipments",
    "shipments.Shipped",
    `select n, ${sqlOrder} as key, json_build_object('orderId', ${sqlOrder}, 'trackingNumber', 'T' || n) as data ${every} where n % 10 < 8`,
  );
  for (const name of ["customers.customer", "orders.placed", "payments.payment", "shipments.shipment"])
    await run(`vacuum analyze ${name}`);
}

/** Events of the three domains that the order history is built from. */
export function eventsOf({ orders }: HistorySize): number {
  return orders + Math.ceil(orders * 0.9) + Math.ceil(orders * 0.8);
}

/** The id of a customer by its number. */
export function customerIdOf(number: number): string {
  return `00000001-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
}
