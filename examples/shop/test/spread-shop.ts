import { logHead } from "@polder/bus";
import { type SmallDisk, type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { type Host, httpTransport, openProject, rotatingTransport } from "polder";
import { underWay } from "polder/testing";
import type { Ask } from "../audit.ts";
import { type ProcessOptions, type ShopProcess, startProcess } from "../child-process.ts";
import { shop } from "../domains/all-domains.ts";
import { untilDone } from "../until-done.ts";

/** How the shop is spread over processes and databases. */
export interface Spread {
  /** The domains of each process. */
  readonly processes: readonly (readonly string[])[];
  /** Processes of each kind. Default 1. */
  readonly instances?: number;
  /** Domains with a database of their own in another server. Default none. */
  readonly apart?: readonly string[];
  /** Each database is in a server that nobody else uses, and that may be ended at once without a loss. Default false. */
  readonly durable?: boolean;
  /** Where the database of those that live apart has its files; it is in a server of its own then. */
  readonly disk?: SmallDisk;
  /** Run `shop-process.ts`, whose leases are short, instead of `polder start`. Default false. */
  readonly quick?: boolean;
  /** The configuration. Default: that of the shop. */
  readonly config?: string;
  /** Options of Node.js for each process. */
  readonly execArgs?: readonly string[];
  /** Told of what the processes write into their logs. */
  readonly onLog?: (domains: readonly string[], entry: Readonly<Record<string, unknown>>) => void;
}

/** Domains at an address: one process after the other serves them there. */
export interface Post {
  readonly domains: readonly string[];
  /** The one that serves now, or did last. */
  readonly process: () => ShopProcess;
  /** Starts another one at the same address, after the last one has ended. */
  readonly start: () => Promise<void>;
  /** Starts one more at an address of its own, which no caller knows: it takes part in events and sagas. */
  readonly startBeside: () => Promise<ShopProcess>;
  /** Carries calls to whichever serves now. */
  readonly transport: Host["transport"];
}

/** The shop in processes and databases of its own; nothing of it is left when it is disposed. */
export interface SpreadShop extends AsyncDisposable {
  /** The shared one first. */
  readonly servers: readonly TestServer[];
  readonly posts: readonly Post[];
  /** Where a domain's data is, as the administrator. */
  readonly adminOf: ProjectDatabase["adminOf"];
  readonly ask: Ask;
  /** Carries each call to the processes of its domain, in turn. */
  readonly transport: Host["transport"];
  /** Resolves when everything that was published has been handled everywhere. */
  readonly settled: (options: { readonly timeoutMs: number }) => Promise<void>;
}

type ProjectDatabase = Awaited<ReturnType<Awaited<ReturnType<typeof openProject>>["database"]>>;

/** All domains of the shop. */
export const domainNames: readonly string[] = shop.map(({ domain }) => domain.name);

const polder = new URL("../../../packages/polder/src/main.ts", import.meta.url);
const quick = new URL("shop-process.ts", import.meta.url);
const shopConfig = new URL("../polder.config.ts", import.meta.url).pathname;

/** Provisions and migrates databases for the shop, and starts its processes. */
export async function openSpreadShop(spread: Spread): Promise<SpreadShop> {
  await using opened = new AsyncDisposableStack();
  const { env, servers } = await openDatabases(spread, opened);
  const { config = shopConfig } = spread;
  const project = opened.use(await openProject({ from: import.meta.dirname, file: config, env }));
  const database = await project.database();
  await database.provision();
  await database.migrate();
  // More are started as long as it runs.
  const processes = opened.use(new AsyncDisposableStack());
  const posts = await startPosts({ ...spread, config }, env, processes);
  const owned = opened.move();
  return {
    servers,
    posts,
    adminOf: database.adminOf,
    ask: async (sql, domain) => (await database.adminOf(domain).query(sql)).rows,
    transport: transportTo(posts),
    settled: (options) => untilDone(leftIn(database), options),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The environment that all processes share: where the databases are, and the passwords. */
async function openDatabases(
  { apart = [], durable = false, disk }: Spread,
  opened: AsyncDisposableStack,
): Promise<{ readonly env: Readonly<Record<string, string>>; readonly servers: readonly TestServer[] }> {
  const servers: TestServer[] = [];
  const open = async (options: Parameters<typeof testServer>[0]): Promise<TestDatabase> => {
    const server = opened.use(await testServer(options));
    servers.push(server);
    return opened.use(await server.database());
  };
  const shared = await open(durable ? { own: "shop", durable } : {});
  const env: Record<string, string> = { DATABASE_URL: urlOf(shared) };
  for (const name of [...domainNames, "registry"])
    env[`POLDER_SECRET_${name.toUpperCase()}_APP`] = shared.password(`${name}_app`);
  if (apart.length === 0) return { env, servers };
  const small = disk === undefined ? {} : { ownDirectory: disk.directory, settings: disk.settings };
  const other = await open({ own: "shop-apart", durable, ...small });
  for (const name of apart) env[`DATABASE_URL_${name.toUpperCase()}`] = urlOf(other);
  return { env, servers };
}

function urlOf({ address: { user, password, host, port, database } }: TestDatabase): string {
  return `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}

type Configured = Spread & { readonly config: string };

/** Those that call others, each after whom it calls. */
const callers = ["order", "storefront"];

/** Starts all processes. Those that run callers come after the others, and are told where those are. */
async function startPosts(
  spread: Configured,
  env: Readonly<Record<string, string>>,
  opened: AsyncDisposableStack,
): Promise<readonly Post[]> {
  const posts: Post[] = [];
  const turnOf = (domains: readonly string[]): number => Math.max(...domains.map((name) => callers.indexOf(name)));
  for (const turn of [-1, ...callers.keys()]) {
    const group = spread.processes.filter((domains) => turnOf(domains) === turn);
    const urls = urlsOf(posts);
    const started = group
      .flatMap((domains) => Array.from({ length: spread.instances ?? 1 }, () => domains))
      .map((domains) => openPost({ ...spread, domains, env: { ...env, ...urls } }, opened));
    posts.push(...(await Promise.all(started)));
  }
  return posts;
}

/** What those that call domains at these posts are told. */
function urlsOf(posts: readonly Post[]): Readonly<Record<string, string>> {
  const urls: Record<string, string> = {};
  for (const { domains, process } of posts)
    for (const name of domains) {
      const variable = `POLDER_URL_${name.toUpperCase()}`;
      urls[variable] = [urls[variable], process().url].filter((url) => url !== undefined).join();
    }
  return urls;
}

async function openPost(
  options: Configured & Pick<ProcessOptions, "env"> & { readonly domains: readonly string[] },
  opened: AsyncDisposableStack,
): Promise<Post> {
  const { domains, env, execArgs = [], onLog } = options;
  const start = async (port: string): Promise<ShopProcess> => {
    const common = ["--domain", domains.join(), "--port", port];
    const gateway = ["--gateway", "--gateway-port", "0", "--dev-issuer"];
    const args = options.quick === true ? common : ["start", "--config", options.config, ...common, ...gateway];
    const log = onLog === undefined ? {} : { onLog: onLog.bind(undefined, domains) };
    return opened.use(await startProcess(options.quick === true ? quick : polder, { args, env, execArgs, ...log }));
  };
  let process = await start("0");
  const { port } = new URL(process.url);
  const transport = (): Host["transport"] =>
    options.quick === true ? httpTransport({ baseUrl: process.url }) : process.customers();
  return {
    domains,
    process: () => process,
    start: async () => {
      process = await start(port);
    },
    startBeside: () => start("0"),
    transport: { call: (request, bounds) => transport().call(request, bounds) },
  };
}

function transportTo(posts: readonly Post[]): Host["transport"] {
  const transports = new Map(
    domainNames.map((name) => [
      name,
      rotatingTransport(posts.filter(({ domains }) => domains.includes(name)).map(({ transport }) => transport)),
    ]),
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
    const now = (await Promise.all(domainNames.map((name) => logHead(adminOf(name), name)))).join();
    const isSame = now === before;
    before = now;
    return isSame ? left : [...left, "the logs grow"];
  };
}
