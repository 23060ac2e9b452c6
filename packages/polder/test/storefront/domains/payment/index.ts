import { implement } from "polder";
import { payment } from "./domain.ts";
import { ofOrders } from "./payments-of-orders.ts";

export default implement(payment, { apis: { payment: { ofOrders } } });
