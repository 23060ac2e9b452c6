import { subscription } from "polder";
import { recommendation } from "./domain.ts";

/** Recommendation shows a title beside a product, and needs to know no more of it. */
export const learnTitles = subscription(recommendation, "learn-titles", {
  "catalog.ProductDescribed": async ({ event, tx }) => {
    const { sku, title } = event.data;
    await tx.sql`
      insert into title (sku, title)
      values (${sku}, ${title})
      on conflict (sku) do update
      set title = excluded.title
    `;
  },
});
