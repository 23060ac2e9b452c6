import { implement } from "polder";
import { balances } from "./balances.ts";
import { bookRevenue } from "./book-revenue.ts";
import { accounting } from "./domain.ts";
import { revenue } from "./revenue.ts";

export default implement(accounting, {
  apis: { accounting: { revenue, balances } },
  subscriptions: [bookRevenue],
});
