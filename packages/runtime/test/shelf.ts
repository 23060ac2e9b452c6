import { api, domain, handler, type Implementation, implement, need, query, team } from "@polder/model";
import { z } from "zod";
import { Bank, Weather } from "./bank.ts";

export const Shelf = api("shelf", {
  versions: {
    "1.0.0": {
      /** What an account has, as far as anybody knows. */
      show: query("GET /accounts/:account", {
        input: z.object({ account: z.string() }),
        output: z.object({ balance: z.int(), because: z.string() }),
        refusals: { Unknown: z.object({ account: z.string() }) },
      }),
      sky: query("GET /sky", { output: z.object({ known: z.boolean() }) }),
    },
  },
});

// #region declaration
export const shelf = domain("shelf", {
  owner: team("Clerks", { contact: "#clerks" }),
  capability: "Show what accounts have",
  publishes: [Shelf],
  needs: [
    need(Bank, "1.0.0", {
      essential: false,
      fallbacks: { balance: () => ({ balance: 0 }) },
      hedgeAfterMs: 200,
    }),
    need(Weather, "1.0.0", { essential: false }),
  ],
});
// #endregion declaration

/** Shelf, which asks others for everything and works without them. */
export const shelfImplementation: Implementation = implement(shelf, {
  apis: {
    shelf: {
      show: handler(shelf, Shelf.show, async ({ input, call, refuse }) => {
        const answer = await call(Bank).balance(input);
        if (!answer.ok) return refuse("Unknown", input);
        return { balance: answer.value.balance, because: answer.fallback ?? "it was asked" };
      }),
      sky: handler(shelf, Shelf.sky, async ({ call }) => {
        await call(Weather).now({});
        return { known: true };
      }),
    },
  },
});
