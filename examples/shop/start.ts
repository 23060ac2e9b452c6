import { parseArgs } from "node:util";
import { createClient, createLogger, httpTransport, startDev } from "polder";
import { Customer } from "./domains/customer/contract.ts";
import { Inventory } from "./domains/inventory/contract.ts";
import { Order } from "./domains/order/contract.ts";
import { simulate } from "./simulate.ts";
import { liveSummary } from "./live-summary.ts";

// `npm start`: the whole shop on this machine, with simulated customers that order over HTTP.
const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "5" },
    seed: { type: "string" },
    orders: { type: "string" },
    port: { type: "string", default: "4000" },
  },
});
const stopping = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stopping.abort());

await using session = await startDev({
  config: "polder.config.ts",
  from: import.meta.dirname,
  env: process.env,
  port: Number(values.port),
  logger: createLogger({ write: (line) => process.stderr.write(line), format: "text", level: "warn" }),
});
const { host, databaseUrl } = session;
process.stdout.write(`
  The shop is open. Every domain has its own schema, roles and API; Ctrl-C closes it.

  APIs       ${host.url}          try: curl ${host.url}/accounting/v1/revenue
  database   ${databaseUrl}
  health     ${host.url}/readyz
  events     npm run polder -- events tail --config examples/shop/polder.config.ts

`);

const transport = httpTransport({ baseUrl: host.url });
const clients = {
  customer: createClient(Customer, "1.0.0", { transport }),
  inventory: createClient(Inventory, "1.0.0", { transport }),
  order: createClient(Order, "1.0.0", { transport }),
};
await using summary = liveSummary({ project: session.project, write: (line) => process.stdout.write(line) });
const ordersMax = values.orders === undefined ? Number.POSITIVE_INFINITY : Number(values.orders);
let orders = 0;
await simulate({
  clients,
  seed: Number(values.seed ?? Date.now() % 1_000_000),
  ordersPerSecond: Number(values.rate),
  signal: stopping.signal,
  onOrder: (order) => {
    summary.order(order);
    orders += 1;
    if (orders >= ordersMax) stopping.abort();
  },
});
