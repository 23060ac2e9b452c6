import { api, command, event, query } from "polder";
import { z } from "zod";

const customerId = z.uuid();
const name = z.string().min(1).max(200);
const UnknownCustomer = z.object({ customerId });

export const Customer = api("customer", {
  versions: {
    "1.0.0": {
      register: command("POST /customers", {
        input: z.object({ name, email: z.email().max(254) }),
        output: z.object({ customerId }),
        refusals: { EmailTaken: z.object({ email: z.string() }) },
        access: "anyone",
      }),
      customerById: query("GET /customers/:customerId", {
        input: z.object({ customerId }),
        output: z.object({ customerId, name: z.string(), email: z.string() }),
        refusals: { UnknownCustomer },
        access: "signed-in",
      }),
      rename: command("PUT /customers/:customerId/name", {
        input: z.object({ customerId, name }),
        refusals: { UnknownCustomer },
        access: "signed-in",
      }),
    },
  },
});

/** Carries the name and not the address: personal data travels no further than somebody needs it. */
export const CustomerRegistered = event("customer.CustomerRegistered", {
  key: "customerId",
  versions: { "1.0.0": z.object({ customerId, name: z.string() }) },
});

export const CustomerRenamed = event("customer.CustomerRenamed", {
  key: "customerId",
  versions: { "1.0.0": z.object({ customerId, name: z.string() }) },
});
