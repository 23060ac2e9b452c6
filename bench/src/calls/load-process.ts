import { createClient, httpTransport } from "@polder/http";
import { Pool } from "undici";
import { orderAtTwo, outputs } from "../contracts/versioned-orders.ts";
import { percentile } from "../figure.ts";
import { answerParent, openedWith } from "../remote-process.ts";
import { AT_ONCE, type ChangeVersion, nextOrder } from "./order.ts";
import { Orders } from "./orders.ts";
import { cpuMs } from "./own-cost.ts";
import { openBenchIdentity } from "./polder-identity.ts";
import { type PreparedRequest, prepareRequest } from "./prepare-request.ts";

/** What the process that sends requests is started with. */
export interface Loading {
  /** Where the keys are with which it signs. */
  readonly directory: string;
}

/** How many requests are sent, to whom and how. */
export interface Load {
  readonly url: string;
  readonly requests: number;
  /** `raw`: written and signed before the first is sent; `client`: by Polder's typed client. */
  readonly way: "raw" | "client";
  readonly identifies: boolean;
  /** Default: 1.0.0, which all contenders serve. */
  readonly version?: ChangeVersion;
}

/** How a load went. */
export interface Loaded {
  readonly seconds: number;
  /** Of this process. */
  readonly cpuMs: number;
  /** In milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** What it can be asked. */
export type LoadMethods = typeof methods;

// The process that sends requests: to one server at a time, over connections that stay open.
const { directory } = openedWith<Loading>();
const identity = openBenchIdentity(directory);
const pools = new Map<string, Pool>();
let send: (() => Promise<void>)[] = [];

const methods = { prepare, run };
answerParent(methods, async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
});

/** Writes and signs what will be sent, so that the work of it is not in the way of the server. */
async function prepare({ url, requests, way, identifies, version = "1.0.0" }: Load): Promise<void> {
  const orders = Array.from({ length: requests }, nextOrder);
  if (way === "client") {
    const transport = httpTransport({ baseUrl: url, authorize: identity.authorize });
    const client = createClient(Orders, "1.0.0", { transport, caller: "billing" });
    send = orders.map((order) => async () => {
      await client.change(order);
    });
    return;
  }
  const pool = poolOf(url);
  const authorize = identifies ? identity.authorize : undefined;
  const prepared: PreparedRequest[] = [];
  for (const order of orders)
    prepared.push(await prepareRequest(version === "2.0.0" ? orderAtTwo(order) : order, { authorize, version }));
  send = prepared.map((request, index) => async () => {
    const { orderId } = outputs[version].parse(await exchange(pool, request));
    if (orderId !== orders[index]?.orderId) throw new Error(`A server answered another request, ${orderId}`);
  });
}

/** Sends what was prepared, so many at once that somebody always works. */
async function run(): Promise<Loaded> {
  const times: number[] = [];
  const beforeMs = cpuMs();
  const begunMs = performance.now();
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let one = send[next++]; one !== undefined; one = send[next++]) {
      const sentMs = performance.now();
      await one();
      times.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  const seconds = (performance.now() - begunMs) / 1_000;
  times.sort((a, b) => a - b);
  return { seconds, cpuMs: cpuMs() - beforeMs, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

function poolOf(url: string): Pool {
  const found = pools.get(url) ?? new Pool(url, { connections: AT_ONCE, pipelining: 1 });
  pools.set(url, found);
  return found;
}

/** What is not the answer of the command counts for nobody: the benchmark ends. */
async function exchange(pool: Pool, request: PreparedRequest): Promise<unknown> {
  const { statusCode, body } = await pool.request({ method: "POST", ...request });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`A server answered with ${statusCode}: ${text}`);
  return JSON.parse(text);
}
