import {
  type CallAnswer,
  type CallRequest,
  type CallTransport,
  createClient,
  type TransportOptions,
} from "@polder/http";
import { api, type Call, type Composition, type Domain, domain, need, query, silentLogger, team } from "@polder/model";
import { z } from "zod";
import { type ComposeOptions, compose } from "../src/index.ts";

/** Keys that one call to Payment takes. */
export const ORDERS_AT_ONCE = 100;

export const Order = api("order", {
  versions: {
    "1.0.0": {
      ofCustomer: query("GET /customers/:customerId/orders", {
        input: z.object({ customerId: z.string() }),
        output: z.object({ orders: z.array(z.object({ orderId: z.string(), lines: z.array(z.string()) })) }),
      }),
    },
  },
});

export const Payment = api("payment", {
  versions: {
    "1.0.0": {
      ofOrders: query("GET /payments", {
        input: z.object({ orderIds: z.array(z.string()).max(ORDERS_AT_ONCE), currency: z.string().optional() }),
        output: z.object({ payments: z.array(z.object({ orderId: z.string(), amount: z.int() })) }),
        batch: { keys: "orderIds", items: "payments", key: "orderId" },
      }),
      ofOrder: query("GET /payments/:orderId", {
        input: z.object({ orderId: z.string() }),
        output: z.object({ amount: z.int() }),
      }),
    },
  },
});

export const Storefront = api("storefront", {
  versions: {
    "1.0.0": {
      history: query("GET /customers/:customerId/history", {
        input: z.object({ customerId: z.string() }),
        output: z.object({
          orders: z.unknown(),
          missing: z.array(z.object({ source: z.string(), code: z.string() })),
        }),
      }),
    },
  },
});

export const storefront = domain("storefront", {
  owner: team("Web", { contact: "#web" }),
  capability: "Show what customers bought",
  publishes: [Storefront],
  needs: [need(Order, "1.0.0"), need(Payment, "1.0.0")],
});

/** The source of all compositions here. */
export const orders = { query: Order.ofCustomer, input: { customerId: "customerId" } } as const;

/** Answers one call; what it throws, the call throws. */
export type Answer = (request: CallRequest & { readonly input: never }, options: TransportOptions) => Promise<unknown>;

/** What a test says of a run of a composition. */
export interface Running extends Partial<Pick<ComposeOptions, "signal" | "deadlineMs">> {
  /** By operation, such as `order.ofCustomer`. */
  readonly answers: Readonly<Record<string, Answer>>;
}

/** Answers a composition for the customer c1, with answers that a test makes up. */
export function run(composition: Composition, { answers, ...options }: Running): Promise<unknown> {
  const transport: CallTransport = {
    call: async (request, bounds): Promise<CallAnswer> => {
      const answer = answers[`${request.api}.${request.operation}`] as Answer;
      return { kind: "answered", output: await answer(request as never, bounds) };
    },
  };
  const call = (contract: never): unknown => createClient(contract, "1.0.0", { transport, caller: "storefront" });
  return compose(composition, {
    input: { customerId: "c1" },
    call: call as unknown as Call<Domain>,
    // Longer than a test may take: what ends, ends for another reason.
    deadlineMs: 60_000,
    signal: new AbortController().signal,
    log: silentLogger,
    ...options,
  });
}

/** Orders with these ids. */
export function ordersOf(ids: readonly string[]): Answer {
  return async () => ({ orders: ids.map((orderId) => ({ orderId, lines: ["b", "a"] })) });
}

/** A payment of 1 for each order that is asked for. */
export const paid: Answer = async ({ input }) => {
  const { orderIds } = input as { readonly orderIds: readonly string[] };
  return { payments: orderIds.map((orderId) => ({ orderId, amount: 1 })) };
};

/** Answers nothing before the call is given up; `asked` resolves when it has come. */
export function hanging(): {
  readonly answer: Answer;
  readonly asked: Promise<void>;
  readonly givenUp: Promise<unknown>;
} {
  const asked = Promise.withResolvers<void>();
  const givenUp = Promise.withResolvers<unknown>();
  const answer: Answer = (_, { signal }) => {
    asked.resolve();
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        givenUp.resolve(signal.reason);
        reject(signal.reason);
      });
    });
  };
  return { answer, asked: asked.promise, givenUp: givenUp.promise };
}
