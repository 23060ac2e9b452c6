import { api, type CommandContext, command, domain, handler, implement, query, team } from "@polder/model";
import { z } from "zod";
import type { AdmittedCall, ServedDomain } from "../src/index.ts";

const sku = z.string();
const price = z.object({ sku, cents: z.int() });

/** An API with an operation for each kind of access. */
export const Prices = api("prices", {
  versions: {
    "1.0.0": {
      priceOf: query("GET /prices/:sku", { input: z.object({ sku }), output: price, access: "anyone" }),
      order: command("POST /orders", {
        input: z.object({ sku, quantity: z.int().min(1).default(1) }),
        output: z.object({ quantity: z.int() }),
        refusals: { SoldOut: z.object({ sku }) },
        access: "signed-in",
      }),
      setPrice: command("PUT /prices/:sku", { input: price, access: "prices.write" }),
      costOf: query("GET /costs/:sku", { input: z.object({ sku }), output: price }),
    },
  },
});

/** The domain behind the gateway of tests. */
export const prices = domain("prices", {
  owner: team("Sales", { contact: "#sales" }),
  capability: "Know what goods cost",
  publishes: [Prices],
});

/** Serves the prices without a database, and gives every call that was let in. */
export function servePrices(): { readonly served: ServedDomain; readonly admitted: readonly AdmittedCall[] } {
  const admitted: AdmittedCall[] = [];
  const implementation = implement(prices, {
    apis: {
      prices: {
        priceOf: handler(prices, Prices.priceOf, async ({ input }) => {
          if (input.sku === "broken") throw new Error("the password is 1234");
          return { sku: input.sku, cents: 5 };
        }),
        order: handler(prices, Prices.order, async ({ input, refuse }) =>
          input.sku === "moon" ? refuse("SoldOut", { sku: "moon" }) : { quantity: input.quantity },
        ),
        setPrice: handler(prices, Prices.setPrice, async () => null),
        costOf: handler(prices, Prices.costOf, async ({ input }) => ({ sku: input.sku, cents: 1 })),
      },
    },
  });
  const refuse = (refusal: string, details: unknown) => ({ kind: "refused", refusal, details });
  return {
    admitted,
    served: {
      implementation,
      execute: async (found, call) => {
        admitted.push(call);
        // Neither a transaction nor further calls: these handlers need none.
        return await call.conclude(
          await found.run({ input: call.input, signal: call.signal, refuse } as unknown as CommandContext),
        );
      },
    },
  };
}
