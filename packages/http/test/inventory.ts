import {
  api,
  type CommandContext,
  command,
  domain,
  handler,
  implement,
  query,
  silentLogger,
  team,
} from "@polder/model";
import { z } from "zod";
import type { AdmittedCall, ServedDomain } from "../src/index.ts";

const scalars = z.object({
  text: z.string(),
  size: z.enum(["S", "M", "L"]),
  count: z.int(),
  weight: z.number(),
  isNew: z.boolean(),
  texts: z.array(z.string()),
  counts: z.array(z.int()).optional(),
  page: z.int().default(1),
});
const stock = z.object({ sku: z.string(), available: z.int() });
const anything = z.object({ value: z.unknown() });
const misbehaviour = z.enum([
  "answer garbage",
  "answer a bigint",
  "answer too much",
  "refuse undeclared",
  "refuse with garbage",
  "throw an error",
  "throw a known error",
  "throw the error of another call",
  "throw nothing",
  "hang",
  "wait to be stopped",
]);

/** An API with an operation for each way in which calls go well or wrong. */
export const Inventory = api("inventory", {
  versions: {
    "0.9.0": { checkAvailability: query("GET /stock/:sku", { input: z.object({ sku: z.string() }), output: stock }) },
    "1.0.0": {
      checkAvailability: query("GET /availability/:sku", { input: z.object({ sku: z.string() }), output: stock }),
      reserve: command("POST /reservations", {
        input: z.object({ sku: z.string(), quantity: z.int().min(1).default(1) }),
        output: z.object({ reservationId: z.string() }),
      }),
      vanished: query("GET /vanished"),
    },
    "1.1.0": {
      checkAvailability: query("GET /availability/:sku", {
        input: z.object({ sku: z.string(), warehouse: z.string().optional() }),
        output: stock.extend({ note: z.string().default("in the shelf") }),
      }),
      top: query("GET /availability/top", { output: z.object({ skus: z.array(z.string()) }) }),
      search: query("GET /search/:text", { input: scalars, output: scalars }),
      reserve: command("POST /reservations", {
        input: z.object({ sku: z.string(), quantity: z.int().min(1).default(1), gift: z.boolean().optional() }),
        output: z.object({ reservationId: z.string() }),
        refusals: { OutOfStock: z.object({ available: z.int() }) },
      }),
      change: command("PUT /reservations/:reservationId", {
        input: z.object({ reservationId: z.int(), quantity: z.int() }),
        output: z.object({ reservationId: z.int(), quantity: z.int() }),
      }),
      release: command("DELETE /reservations/:reservationId", { input: z.object({ reservationId: z.string() }) }),
      echo: command("POST /echo", { input: anything, output: anything }),
      misbehave: command("POST /misbehave", {
        input: z.object({ how: misbehaviour }),
        output: z.object({ done: z.boolean() }),
        refusals: { NotNow: z.object({ untilDay: z.int() }) },
      }),
    },
  },
});

const inventory = domain("inventory", {
  owner: team("Warehouse", { contact: "#warehouse" }),
  capability: "Know and promise stock",
  publishes: [Inventory],
});

/** The inventory as it is served in a test, and what the test may watch. */
export interface ServedInventory {
  readonly served: ServedDomain;
  /** Every call that was let in. */
  readonly admitted: readonly AdmittedCall[];
  /** The names of the operations whose answers were concluded: what a database would have committed. */
  readonly committed: readonly string[];
  /** Resolves when a call that hangs or waits is running, with its own signal. */
  readonly running: Promise<AbortSignal>;
  /** Resolves with the reason when a call that waits to be stopped is stopped. */
  readonly stopped: Promise<unknown>;
}

/** What the handlers that misbehave throw, and where they are seen. */
export interface Misbehaving {
  readonly thrown?: unknown;
}

/** Serves the inventory without a database: an executor that only runs the handler and concludes. */
export function serveInventory({ thrown }: Misbehaving = {}): ServedInventory {
  const running = Promise.withResolvers<AbortSignal>();
  const stopped = Promise.withResolvers<unknown>();
  const admitted: AdmittedCall[] = [];
  const committed: string[] = [];
  const misbehave = handler(inventory, Inventory.misbehave, async ({ input, signal }) => {
    running.resolve(signal);
    if (input.how === "hang") return new Promise<never>(() => undefined);
    if (input.how === "wait to be stopped") {
      const stop = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => {
        stopped.resolve(signal.reason);
        stop.reject(signal.reason);
      });
      return stop.promise;
    }
    if (input.how.startsWith("throw")) throw thrown;
    return misanswers[input.how] as never;
  });
  const implementation = implement(inventory, { apis: { inventory: { ...goodHandlers(), misbehave } } });
  const served: ServedDomain = {
    implementation,
    execute: async (found, call) => {
      admitted.push(call);
      const context = { input: call.input, key: call.key ?? "", signal: call.signal, log: silentLogger, refuse };
      // Neither a transaction nor further calls: these handlers need none.
      const executed = await call.conclude(await found.run(context as unknown as CommandContext));
      committed.push(found.operation);
      return executed;
    },
  };
  return { served, admitted, committed, running: running.promise, stopped: stopped.promise };
}

const refuse = (refusal: string, details: unknown) => ({ kind: "refused", refusal, details });

const misanswers: Readonly<Record<string, unknown>> = {
  "answer garbage": { done: "perhaps", more: 1 },
  "answer a bigint": { done: 1n },
  "answer too much": { done: true, more: "x".repeat(9_000_000) },
  "refuse undeclared": refuse("Closed", {}),
  "refuse with garbage": refuse("NotNow", { untilDay: "Monday" }),
};

function goodHandlers() {
  return {
    checkAvailability: handler(inventory, Inventory.checkAvailability, async ({ input }) => ({
      sku: input.sku,
      available: 5,
      ...(input.warehouse === undefined ? {} : { note: `in ${input.warehouse}` }),
    })),
    top: handler(inventory, Inventory.top, async () => ({ skus: ["a", "b"] })),
    search: handler(inventory, Inventory.search, async ({ input }) => input),
    reserve: handler(inventory, Inventory.reserve, async ({ input, refuse: no }) => {
      if (input.quantity > 5) return no("OutOfStock", { available: 5 });
      return { reservationId: `${input.sku}/${input.quantity}` };
    }),
    change: handler(inventory, Inventory.change, async ({ input }) => input),
    release: handler(inventory, Inventory.release, async () => null),
    echo: handler(inventory, Inventory.echo, async ({ input }) => input),
  };
}
