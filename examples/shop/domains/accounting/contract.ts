import { api, query } from "polder";
import { z } from "zod";

const currency = z.string().length(3);

export const Accounting = api("accounting", {
  versions: {
    "1.0.0": {
      revenue: query("GET /revenue", { output: z.object({ revenueCents: z.int(), currency }), access: "books.read" }),
      /** What is debited counts up, what is credited counts down: all balances together are zero. */
      balances: query("GET /balances", {
        output: z.object({
          currency,
          accounts: z.array(z.object({ account: z.string(), balanceCents: z.int() })),
        }),
        access: "books.read",
      }),
    },
  },
});
