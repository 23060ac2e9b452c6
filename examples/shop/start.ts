import { createClient, createLogger, httpTransport, isPolderError, openProject, type Project, startDev } from "polder";
import { audit } from "./audit.ts";
import { Catalog } from "./domains/catalog/contract.ts";
import { Customer } from "./domains/customer/contract.ts";
import { Inventory } from "./domains/inventory/contract.ts";
import { Order } from "./domains/order/contract.ts";
import { Storefront } from "./domains/storefront/contract.ts";
import { liveSummary } from "./live-summary.ts";
import { signIn } from "./sign-in.ts";
import { simulate } from "./simulate.ts";
import { readStartOptions, type StartOptions, usage } from "./start-options.ts";
import { untilDone } from "./until-done.ts";

// `npm start`: the whole shop on this machine, with simulated customers that order over HTTP.

/** Exit codes, the same as those of the command `polder`. */
const exitCode = { done: 0, disagreement: 1, usage: 2, failed: 3 };

/** A shop that customers can come to. */
interface OpenShop {
  /** Of its gateway. */
  readonly url: string;
  readonly project: Project;
}

/** Opens the shop, lets customers in, and closes it again. Gives the exit code. */
async function openShop(options: StartOptions, signal: AbortSignal): Promise<number> {
  await using session = await startDev({
    config: "polder.config.ts",
    from: import.meta.dirname,
    env: process.env,
    gatewayPort: options.port,
    logger: createLogger({ write: (line) => process.stderr.write(line), format: "text", level: "info" }),
  });
  const { host, project, databaseUrl } = session;
  const url = host.gateway ?? host.url;
  process.stdout.write(welcome(url, databaseUrl, host.url));
  return await runShop({ url, project }, options, signal);
}

/** Lets customers into a shop that runs already. Gives the exit code. */
async function visitShop(url: string, options: StartOptions, signal: AbortSignal): Promise<number> {
  const isOpen = await fetch(new URL("/livez", url), { signal }).then(
    ({ ok }) => ok,
    () => false,
  );
  if (!isOpen) {
    process.stderr.write(`No shop answers at ${url}. Start one there, or leave --at out to open one here.\n`);
    return exitCode.failed;
  }
  await using project = await openProject({ from: import.meta.dirname, env: process.env });
  return await runShop({ url, project }, options, signal);
}

async function runShop(shop: OpenShop, options: StartOptions, signal: AbortSignal): Promise<number> {
  process.stdout.write(`\n  Customers come to ${shop.url}, ${options.rate} a second, with the seed ${options.seed}.\n`);
  await letCustomersIn(shop, options, signal);
  if (signal.aborted) return exitCode.done;
  const found = await findings(shop);
  if (found.length === 0) process.stdout.write("\n  The auditor finds that all domains agree to the unit.\n\n");
  else process.stdout.write(`\n  The auditor finds that the domains disagree:\n\n  ${found.join("\n  ")}\n\n`);
  return found.length === 0 ? exitCode.done : exitCode.disagreement;
}

function welcome(url: string, databaseUrl: string, inside: string): string {
  const config = "--config examples/shop/polder.config.ts";
  return `
  The shop is open. Every domain has its own schema, roles, API and key. Ctrl-C closes it.

  gateway        curl ${url}/inventory/v1/availability/SKU-001
  a token        curl ${url}/.polder/token -H accept:text/plain -d subject=me
  events         npm run polder -- events tail ${config}
  subscriptions  npm run polder -- subscriptions ${config}
  read models    npm run polder -- read-models ${config}
  database       ${databaseUrl}
  health         ${inside}/readyz
`;
}

async function letCustomersIn(shop: OpenShop, options: StartOptions, signal: AbortSignal): Promise<void> {
  const transport = httpTransport({ baseUrl: shop.url, authorize: signIn(shop.url) });
  const clients = {
    catalog: createClient(Catalog, "1.0.0", { transport }),
    customer: createClient(Customer, "1.0.0", { transport }),
    inventory: createClient(Inventory, "1.0.0", { transport }),
    order: createClient(Order, "1.0.0", { transport }),
    storefront: createClient(Storefront, "1.0.0", { transport }),
  };
  await using summary = liveSummary({ project: shop.project, write: (line) => process.stdout.write(line) });
  await simulate({
    clients,
    seed: options.seed,
    ordersPerSecond: options.rate,
    ordersMax: options.orders,
    signal,
    onOrder: summary.order,
  });
  // The last news may still be on its way. Should it never come, the auditor says what is amiss.
  if (!signal.aborted) await untilDone(() => findings(shop), { signal }).catch(() => undefined);
}

async function findings({ project }: OpenShop): Promise<readonly string[]> {
  const { adminOf } = await project.database();
  return await audit(async (sql, domain) => (await adminOf(domain).query(sql)).rows, { settled: true });
}

/** How long further signals count as the same Ctrl-C, in milliseconds: npm hands on the one that came here already. */
const SAME_SIGNAL_MS = 1_000;

/** Aborts at Ctrl-C, and when the terminal is closed. Another one, later, does not wait for the shop to close. */
function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  let firstMs: number | undefined;
  const stop = () => {
    firstMs ??= performance.now();
    if (performance.now() - firstMs > SAME_SIGNAL_MS) process.exit(exitCode.failed);
    stopping.abort();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stop);
  return stopping.signal;
}

async function main(): Promise<number> {
  const request = readStartOptions(process.argv.slice(2), Date.now() % 2 ** 32);
  if (request.kind === "help") process.stdout.write(usage);
  if (request.kind === "wrong") process.stderr.write(`${request.problems.join("\n")}\n\n${usage}`);
  if (request.kind !== "start") return request.kind === "help" ? exitCode.done : exitCode.usage;

  try {
    const { options } = request;
    const signal = stopSignal();
    return options.at === undefined ? await openShop(options, signal) : await visitShop(options.at, options, signal);
  } catch (error) {
    if (!isPolderError(error)) throw error;
    const hint =
      error.code === "PORT_IN_USE"
        ? 'Is the shop open already? A second one shares its work: "npm start -- --port 0".\n'
        : "";
    process.stderr.write(`\n${error.message}\n${hint}\n${error.code}, see ${error.docs}\n`);
    return exitCode.failed;
  }
}

process.exitCode = await main();
