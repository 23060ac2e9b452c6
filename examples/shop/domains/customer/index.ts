import { implement } from "polder";
import { customerById } from "./customer-by-id.ts";
import { customers } from "./customers-by-page.ts";
import { customer } from "./domain.ts";
import { register } from "./register-customer.ts";
import { rename } from "./rename-customer.ts";

export default implement(customer, { apis: { customer: { register, customerById, rename, customers } } });
