import { createClient, type Host, type HostOptions, type Implementation, startHost } from "polder";
import { Accounting } from "../domains/accounting/contract.ts";
import { shop } from "../domains/all-domains.ts";
import { Catalog } from "../domains/catalog/contract.ts";
import { Customer } from "../domains/customer/contract.ts";
import { Fulfillment } from "../domains/fulfillment/contract.ts";
import { Inventory } from "../domains/inventory/contract.ts";
import { Order } from "../domains/order/contract.ts";
import { Payment } from "../domains/payment/contract.ts";
import { Recommendation } from "../domains/recommendation/contract.ts";
import { Storefront } from "../domains/storefront/contract.ts";
import { untilDone } from "../until-done.ts";
import { type ShopDatabase, shopDatabase } from "./shop-database.ts";

/** Domains at work in this process, on a database of their own. */
export interface RunningShop extends AsyncDisposable {
  readonly database: ShopDatabase;
  readonly host: Host;
  readonly clients: ReturnType<typeof clientsOf>;
  /** Resolves when everything that was published has been handled everywhere. */
  readonly settled: () => Promise<void>;
}

/** Brings domains to work; stand-ins may be among them. */
export async function runShop(
  implementations: readonly Implementation[] = shop,
  options: Pick<HostOptions, "gateway"> = {},
): Promise<RunningShop> {
  await using cleanup = new AsyncDisposableStack();
  const database = cleanup.use(await shopDatabase());
  const host = cleanup.use(await startHost({ implementations, address: database.address, ...options }));
  const owned = cleanup.move();
  return {
    database,
    host,
    clients: clientsOf(host.transport),
    settled: () => untilDone(() => database.underWay(implementations)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The clients of all APIs of the shop. */
export function clientsOf(transport: Host["transport"], options: { readonly deadlineMsDefault?: number } = {}) {
  const how = { transport, ...options };
  return {
    customer: createClient(Customer, "1.0.0", how),
    inventory: createClient(Inventory, "1.0.0", how),
    order: createClient(Order, "1.0.0", how),
    payment: createClient(Payment, "1.0.0", how),
    fulfillment: createClient(Fulfillment, "1.0.0", how),
    accounting: createClient(Accounting, "1.0.0", how),
    catalog: createClient(Catalog, "1.0.0", how),
    recommendation: createClient(Recommendation, "1.0.0", how),
    storefront: createClient(Storefront, "1.0.0", how),
  };
}
