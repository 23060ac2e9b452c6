import { logHead } from "@polder/bus";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { type Host, openProject, rotatingTransport } from "polder";
import { audit } from "../audit.ts";
import { type ShopProcess, startProcess } from "../child-process.ts";
import { shop } from "../domains/all-domains.ts";
import { simulate } from "../simulate.ts";
import { untilDone } from "../until-done.ts";
import { type EndState, endState } from "./end-state.ts";
import { clientsOf } from "./running-shop.ts";
import { underWay } from "./under-way.ts";

/** How the shop is spread over processes and databases. */
export interface Deployment {
  /** The domains of each process. */
  readonly processes: readonly (readonly string[])[];
  /** Processes of each kind. Default 1. */
  readonly instances?: number;
  /** Domains with a database of their own in another server. Default none. */
  readonly apart?: readonly string[];
  /** How often, evenly spread over the orders, a server is ended at once and started again, in turn. Default 0. */
  readonly restarts?: number;
}

/** What customers do in it. */
export interface Traffic {
  /** One run after the other, each with other customers. */
  readonly seeds: readonly number[];
  readonly orders: number;
}

/** What has come of it. */
export interface Outcome {
  readonly state: EndState;
  readonly disagreements: readonly string[];
  readonly placed: number;
  /** Orders that were given up, since Inventory was away for too long. */
  readonly aborted: number;
  /** How often a server was ended and started again. */
  readonly restarted: number;
  /** Exit codes of the processes. */
  readonly exits: readonly (number | null)[];
}

type ProjectDatabase = Awaited<ReturnType<Awaited<ReturnType<typeof openProject>>["database"]>>;

const names = shop.map(({ domain }) => domain.name);
const program = new URL("../../../packages/polder/src/main.ts", import.meta.url);
const config = new URL("../polder.config.ts", import.meta.url).pathname;
const gateway = ["--gateway", "--gateway-port", "0", "--dev-issuer"];

/** Lets the customers of some seeds into a shop of its own, one command after the other, and waits for the last news. */
export async function runDeployment(deployment: Deployment, { seeds, orders }: Traffic): Promise<Outcome> {
  await using opened = new AsyncDisposableStack();
  const { env, servers } = await openDatabases(deployment, opened);
  const { restarts = 0 } = deployment;
  const project = opened.use(await openProject({ from: import.meta.dirname, env }));
  const database = await project.database();
  await database.provision();
  await database.migrate();
  const processes = await startProcesses(deployment, env, opened);

  const clients = clientsOf(transportTo(processes), { deadlineMsDefault: 20_000 });
  const restartAfter = Math.ceil((seeds.length * orders) / (restarts + 1));
  const restarting: Promise<void>[] = [];
  let seen = 0;
  const onOrder = (): void => {
    seen += 1;
    if (restarting.length >= restarts || seen % restartAfter !== 0) return;
    const next = servers[restarting.length % servers.length];
    const before = restarting.at(-1) ?? Promise.resolve();
    restarting.push(before.then(() => next?.restart()));
  };
  let [placed, aborted] = [0, 0];
  for (const seed of seeds) {
    const totals = await simulate({
      clients,
      seed,
      ordersPerSecond: 1_000,
      ordersMax: orders,
      inFlightMax: 1,
      onOrder,
    });
    placed += totals.placed;
    aborted += totals.aborted;
  }
  await Promise.all(restarting);
  await untilDone(leftIn(database), { timeoutMs: 120_000 });
  const ask = async (sql: string, domain: string) => (await database.adminOf(domain).query(sql)).rows;
  const state = await endState(ask);
  const disagreements = await audit(ask, { settled: true });
  const exits = await Promise.all([...new Set([...processes.values()].flat())].map((one) => one.stop()));
  return { state, disagreements, placed, aborted, restarted: restarting.length, exits };
}

/** The environment that all processes share: where the databases are, and the passwords. */
async function openDatabases(
  { apart = [], restarts = 0 }: Deployment,
  opened: AsyncDisposableStack,
): Promise<{ readonly env: Readonly<Record<string, string>>; readonly servers: readonly TestServer[] }> {
  const servers: TestServer[] = [];
  const durable = restarts > 0;
  const open = async (own?: string): Promise<TestDatabase> => {
    const server = opened.use(await testServer(own === undefined ? {} : { own, durable }));
    servers.push(server);
    return opened.use(await server.database());
  };
  const shared = await open(durable ? "shop" : undefined);
  const env: Record<string, string> = { DATABASE_URL: urlOf(shared) };
  for (const name of names) env[`POLDER_SECRET_${name.toUpperCase()}_APP`] = shared.password(`${name}_app`);
  if (apart.length === 0) return { env, servers };
  const other = await open("shop-apart");
  for (const name of apart) env[`DATABASE_URL_${name.toUpperCase()}`] = urlOf(other);
  return { env, servers };
}

function urlOf({ address: { user, password, host, port, database } }: TestDatabase): string {
  return `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}

/** The processes of each domain. Order calls Inventory, so those that run Order come last and are told where it is. */
async function startProcesses(
  { processes, instances = 1 }: Deployment,
  env: Readonly<Record<string, string>>,
  opened: AsyncDisposableStack,
): Promise<ReadonlyMap<string, readonly ShopProcess[]>> {
  const running = new Map<string, ShopProcess[]>();
  const isLast = (domains: readonly string[]): boolean => domains.includes("order");
  for (const group of [processes.filter((one) => !isLast(one)), processes.filter(isLast)]) {
    const urls = [...running].map(([name, at]) => [
      `POLDER_URL_${name.toUpperCase()}`,
      at.map(({ url }) => url).join(),
    ]);
    const started = group
      .flatMap((domains) => Array.from({ length: instances }, () => domains))
      .map(async (domains) => {
        const args = ["start", "--config", config, "--domain", domains.join(), "--port", "0", ...gateway];
        return {
          domains,
          process: await startProcess(program, { args, env: { ...env, ...Object.fromEntries(urls) } }),
        };
      });
    for (const { domains, process } of await Promise.all(started)) {
      opened.use(process);
      for (const name of domains) running.set(name, [...(running.get(name) ?? []), process]);
    }
  }
  return running;
}

/** Carries each call to the processes of its domain, in turn. */
function transportTo(processes: ReadonlyMap<string, readonly ShopProcess[]>): Host["transport"] {
  const transports = new Map(
    [...processes].map(([name, at]) => [name, rotatingTransport(at.map((process) => process.customers()))]),
  );
  return {
    call: (request, options) => {
      const found = transports.get(request.api);
      if (found === undefined) throw new Error(`nobody serves ${request.api}`);
      return found.call(request, options);
    },
  };
}

/** What is still on its way. No snapshot holds several databases, so nothing is left when two looks see the same logs. */
function leftIn({ adminOf }: ProjectDatabase): () => Promise<readonly string[]> {
  let before = "";
  return async () => {
    const left = await underWay(adminOf, shop);
    const now = (await Promise.all(names.map((name) => logHead(adminOf(name), name)))).join();
    const isSame = now === before;
    before = now;
    return isSame ? left : [...left, "the logs grow"];
  };
}
