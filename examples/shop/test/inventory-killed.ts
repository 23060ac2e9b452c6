import { randomUUID } from "node:crypto";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { isPolderError } from "polder";
import { answerOf } from "polder/testing";
import { expect } from "vitest";
import { audit } from "../audit.ts";
import { clientsOf } from "./running-shop.ts";
import { openSpreadShop, type SpreadShop } from "./spread-shop.ts";

/** How much is done, and how the shop is spread. */
export interface Rush {
  readonly processes: readonly (readonly string[])[];
  /** Orders that are tried. */
  readonly orders: number;
  /** Callers that Inventory's absence costs an answer before it comes back. */
  readonly turnedAway: number;
}

/** How a call ended, as its caller saw it. */
interface Ending {
  /** `answered`, the name of a refusal, or the code of the error; what has none is a fault of the product. */
  readonly how: string;
  readonly tookMs: number;
}

const BUYERS = 16;
const GOODS = 8;
/** A buyer waits no longer, in milliseconds. */
const DEADLINE_MS = 10_000;
/** The first calls of a fresh process take longer; they are not what is measured. */
const FIRST_DEADLINE_MS = 30_000;
/** By so much a caller may learn of the deadline late, in milliseconds, and by as long as this process itself stood still. */
const MARGIN_MS = 1_000;

/** What calls fail with when a domain is away that they need: whichever is the first to notice. */
const expectedCodes = [
  "CALL_CIRCUIT_OPEN",
  "CALL_DEADLINE_EXCEEDED",
  "CALL_UNREACHABLE",
  "CALL_BULKHEAD_FULL",
  "DEPENDENCY_FAILED",
  "SAGA_ABORTED",
];

/**
 * Lets 16 buyers order at once, kills Inventory after a third of the orders, and starts it again when its absence has
 * cost enough of them an answer and its callers leave it alone. Expects everybody to learn in time how it ended, and
 * all domains to agree at the end. Gives how many calls ended how, and the longest wait.
 */
export async function expectToOutliveInventory({ processes, orders, turnedAway }: Rush): Promise<object> {
  const circuits: string[] = [];
  await using shop = await openSpreadShop({
    processes,
    onLog: (_domains, { message, callee }) => {
      const change = callee === "inventory" && /^The circuit .* is (open|half open|closed)/.exec(String(message));
      if (change) circuits.push(change[1] ?? "");
    },
  });
  const inventory = shop.posts.find(({ domains }) => domains.includes("inventory"));
  if (inventory === undefined) throw new Error("nobody serves Inventory");
  const order = await openCounter(shop);

  using lag = watchLag();
  const endings: Ending[] = [];
  let [tried, away] = [0, Number.NaN];
  let back: Promise<void> | undefined;
  const failed = (): number => endings.filter(({ how }) => expectedCodes.includes(how)).length;
  const buy = async (): Promise<void> => {
    // As long as it is away they go on beyond their number, or nobody might be there to see it.
    const isSeen = (): boolean => failed() >= turnedAway && circuits.includes("open");
    while (tried < orders || (!isSeen() && tried < 10 * orders)) {
      tried += 1;
      endings.push(await ended(() => order(tried)));
      if (endings.length >= orders / 3 && Number.isNaN(away)) {
        away = performance.now();
        await inventory.process().kill();
      }
      if (!isSeen()) continue;
      back ??= inventory.start().then(() => {
        away = performance.now() - away;
      });
    }
  };
  await Promise.all(Array.from({ length: BUYERS }, buy));
  await back;
  // Whoever comes now finds the circuits closed, once the next probe has been through.
  for (let late = 0; circuits.at(-1) !== "closed" && late < orders; late += 1)
    endings.push(await ended(() => order(++tried)));

  await shop.settled({ timeoutMs: 120_000 });
  const count: Record<string, number> = {};
  for (const { how } of endings) count[how] = (count[how] ?? 0) + 1;
  const longestMs = Math.max(...endings.map(({ tookMs }) => tookMs));
  expect(Object.keys(count).filter((how) => how !== "answered" && !expectedCodes.includes(how))).toEqual([]);
  expect(failed()).toBeGreaterThanOrEqual(turnedAway);
  expect(longestMs, "nobody waits past the deadline").toBeLessThan(DEADLINE_MS + MARGIN_MS + lag.mostMs());
  expect(circuits.indexOf("closed")).toBeGreaterThan(circuits.indexOf("open"));
  expect(await audit(shop.ask, { settled: true })).toEqual([]);
  expect(await leftBehind(shop)).toEqual({ sagas: 0, held: 0 });
  return { count, longestMs: Math.round(longestMs), awayMs: Math.round(away), circuits };
}

/** For how long at most this process stood still, in milliseconds: on a busy machine its timers come late. */
function watchLag(): Disposable & { readonly mostMs: () => number } {
  const delay = monitorEventLoopDelay();
  delay.enable();
  return { mostMs: () => delay.max / 1_000_000, [Symbol.dispose]: () => void delay.disable() };
}

/** Puts goods on sale; gives the way to order some of them, once, without a second attempt. */
async function openCounter({ transport }: SpreadShop): Promise<(number: number) => Promise<unknown>> {
  const clients = clientsOf(transport, { deadlineMsDefault: FIRST_DEADLINE_MS });
  const skuOf = (number: number): string => `SKU-${number % GOODS}`;
  for (let number = 0; number < GOODS; number += 1) {
    const sku = skuOf(number);
    answerOf(await clients.catalog.describe({ sku, title: `Article ${number}` }));
    answerOf(await clients.order.setPrice({ sku, unitCents: 100 + number }));
    answerOf(await clients.inventory.receive({ sku, quantity: 100_000 }));
  }
  const { customerId } = answerOf(await clients.customer.register({ name: "Ada", email: "ada@shop.example" }));
  return async (number) =>
    await clients.order.place(
      { customerId, lines: [{ sku: skuOf(number), quantity: 1 }] },
      { key: randomUUID(), deadlineMs: DEADLINE_MS },
    );
}

async function ended(call: () => Promise<unknown>): Promise<Ending> {
  const sinceMs = performance.now();
  const how = await call().then(
    (outcome) => String(Reflect.get(Object(outcome), "refusal") ?? "answered"),
    (error: unknown) => (isPolderError(error) ? error.code : String(error)),
  );
  return { how, tookMs: performance.now() - sinceMs };
}

/** Sagas that stand still or have not ended, and stock that is still held. */
async function leftBehind({ adminOf }: SpreadShop): Promise<{ readonly sagas: number; readonly held: number }> {
  const count = async (domain: string, sql: string): Promise<number> =>
    (await adminOf(domain).query<{ n: number }>(sql)).rows[0]?.n ?? 0;
  return {
    sagas: await count(
      "order",
      `select count(*)::int as n from "order"._saga where ended_at is null or stuck is not null`,
    ),
    held: await count("inventory", "select coalesce(sum(reserved), 0)::int as n from inventory.stock"),
  };
}
