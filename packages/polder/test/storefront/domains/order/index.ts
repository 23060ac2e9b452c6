import { implement } from "polder";
import { order } from "./domain.ts";
import { ofCustomer } from "./orders-of-customer.ts";

export default implement(order, { apis: { order: { ofCustomer } } });
