import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { createClient, type Host } from "polder";
import { type ProjectDatabase, projectDatabase } from "polder/testing";
import { audit } from "../audit.ts";
import { type ShopProcess, startProcess } from "../child-process.ts";
import { Catalog } from "../domains/catalog/contract.ts";
import { Customer } from "../domains/customer/contract.ts";
import { Inventory } from "../domains/inventory/contract.ts";
import { Order } from "../domains/order/contract.ts";
import { Storefront } from "../domains/storefront/contract.ts";
import { untilDone } from "../until-done.ts";
import { type ReleaseFolder, releaseFolder } from "./release-folder.ts";

/** Where a story takes place: a database of its own, processes that can be killed, and customers. */
export interface Stage {
  /** Says what happens. */
  readonly say: (line: string) => void;
  /** Says what must hold, and that it does; a story whose claim does not hold ends here. */
  readonly check: (claim: string, holds: boolean) => void;
  /**
   * Starts domains in a process of their own. `others` are where they find the domains that they call; `instead` is a
   * process that has died, and whose place they take.
   */
  readonly start: (
    domains: readonly string[],
    options?: {
      readonly others?: Readonly<Record<string, ShopProcess>>;
      readonly instead?: ShopProcess;
      /** Default: the shop's own. */
      readonly config?: string;
    },
  ) => Promise<ShopProcess>;
  /** A copy of the shop, to release from what is changed in it. */
  readonly releases: () => Promise<ReleaseFolder>;
  /** Runs the command `polder` to its end. */
  readonly polder: (args: readonly string[], options: { readonly config: string }) => Promise<CommandEnded>;
  /** Ends something with the story, before its processes. */
  readonly use: <Used extends AsyncDisposable>(used: Used) => Used;
  /** What customers and the shop's own people can ask of a process, through its gateway. */
  readonly clients: (process: ShopProcess) => ReturnType<typeof clientsOf>;
  /** Runs a query as the administrator. */
  readonly rows: ProjectDatabase["rows"];
  /** Waits until all news has reached these domains. */
  readonly settled: (domains: readonly string[]) => Promise<void>;
  /** Where the domains disagree. */
  readonly audit: (options: { readonly settled: boolean }) => Promise<readonly string[]>;
}

/** How a command has ended, and what it has written. */
export interface CommandEnded {
  readonly code: number | null;
  readonly out: string;
}

/** All domains of the shop. */
export const everything: readonly string[] = [
  "customer",
  "inventory",
  "order",
  "payment",
  "fulfillment",
  "accounting",
  "catalog",
  "recommendation",
  "storefront",
];

/** All domains but some. */
export function allBut(...names: readonly string[]): readonly string[] {
  return everything.filter((name) => !names.includes(name));
}

const program = new URL("../../../packages/polder/src/main.ts", import.meta.url);
const shopConfig = new URL("../polder.config.ts", import.meta.url).pathname;
const SETTLE_MS = 90_000;

/** Sets a stage; whoever disposes it kills every process and drops the database. */
export async function setStage(write: (line: string) => void): Promise<Stage & AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await projectDatabase({ from: import.meta.dirname }));
  const owned = opened.move();
  return {
    say: (line) => write(`  ${line}\n`),
    check: (claim, holds) => {
      write(`  ${holds ? "✓" : "✗"} ${claim}\n`);
      if (!holds) throw new Error(`It does not hold that ${claim}`);
    },
    start: async (domains, { others = {}, instead, config = shopConfig } = {}) => {
      const urls = Object.entries(others).map(([name, { url }]) => [`POLDER_URL_${name.toUpperCase()}`, url]);
      const port = instead === undefined ? "0" : new URL(instead.url).port;
      const args = ["start", "--config", config, "--domain", domains.join(), "--port", port];
      const gateway = ["--gateway", "--gateway-port", "0", "--dev-issuer"];
      const env = { ...database.env, ...Object.fromEntries(urls) };
      return owned.use(await startProcess(program, { args: [...args, ...gateway], env }));
    },
    releases: async () => owned.use(await releaseFolder()),
    polder: async (args, { config }) => await runCommand([...args, "--config", config], database.env),
    use: (used) => owned.use(used),
    clients: (process) => clientsOf(process.customers()),
    rows: database.rows,
    settled: async (domains) => {
      const running = database.implementations.filter(({ domain }) => domains.includes(domain.name));
      await untilDone(() => database.underWay(running), { timeoutMs: SETTLE_MS });
    },
    audit: (options) => audit((sql) => database.rows(sql), options),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function runCommand(args: readonly string[], env: Readonly<Record<string, string>>): Promise<CommandEnded> {
  const child = spawn(process.execPath, ["--conditions=source", program.pathname, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "close") as Promise<[code: number | null]>;
  const out = await text(child.stdout);
  const [code] = await exited;
  return { code, out };
}

function clientsOf(transport: Host["transport"]) {
  return {
    catalog: createClient(Catalog, "1.0.0", { transport }),
    customer: createClient(Customer, "1.0.0", { transport }),
    inventory: createClient(Inventory, "1.0.0", { transport }),
    order: createClient(Order, "1.0.0", { transport }),
    storefront: createClient(Storefront, "1.0.0", { transport }),
  };
}
