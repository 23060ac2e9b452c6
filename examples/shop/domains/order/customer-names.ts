import { replica } from "polder";
import { Customer } from "../customer/contract.ts";
import { order } from "./domain.ts";

/** Order shows a name beside an order, and needs to know no more of a customer. Its queries join it as `customer_name`. */
export const customerNames = replica(order, "customer-name", {
  key: { customer_id: "uuid" },
  columns: { name: "text" },
  fill: {
    query: Customer.customers,
    row: ({ customerId, firstName, lastName }) => ({
      customer_id: customerId,
      name: lastName === "" ? firstName : `${firstName} ${lastName}`,
    }),
  },
  events: {
    "customer.CustomerRegistered": ({ customerId, name }) => ({ customer_id: customerId, name }),
    "customer.CustomerRenamed": ({ customerId, name }) => ({ customer_id: customerId, name }),
  },
  stalenessMaxMs: 5_000,
});
