import { api, cannotConvert, command, event, query } from "polder";
import { z } from "zod";

const customerId = z.uuid();
const name = z.string().min(1).max(200);
const phone = z.string().min(1).max(40);
const email = z.email().max(254);
const parts = { firstName: name, lastName: z.string().max(200) };
const UnknownCustomer = z.object({ customerId });
const EmailTaken = z.object({ email: z.string() });

// What is lost on the way between a name and its parts.
const blanks = "blanks around the parts of a name";
const boundary = "where the first name ends";

// #region api
/** Since version 2 a name is in parts. */
const named = {
  register: command("POST /customers", {
    input: z.object({ ...parts, email, phone: phone.optional() }),
    output: z.object({ customerId }),
    refusals: { EmailTaken },
    access: "anyone",
  }),
  customerById: query("GET /customers/:customerId", {
    input: z.object({ customerId }),
    output: z.object({
      customerId,
      firstName: z.string(),
      lastName: z.string(),
      email: z.string(),
      phone: z.string().optional(),
    }),
    refusals: { UnknownCustomer },
    access: "signed-in",
  }),
  rename: command("PUT /customers/:customerId/name", {
    input: z.object({ customerId, ...parts }),
    refusals: { UnknownCustomer },
    access: "signed-in",
  }),
};

export const Customer = api("customer", {
  versions: {
    "1.0.0": {
      register: command("POST /customers", {
        input: z.object({ name, email }),
        output: z.object({ customerId }),
        refusals: { EmailTaken },
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
    "1.1.0": {
      register: command("POST /customers", {
        input: z.object({ name, email, phone: phone.optional() }),
        output: z.object({ customerId }),
        refusals: { EmailTaken },
        access: "anyone",
      }),
      customerById: query("GET /customers/:customerId", {
        input: z.object({ customerId }),
        output: z.object({ customerId, name: z.string(), email: z.string(), phone: z.string().optional() }),
        refusals: { UnknownCustomer },
        access: "signed-in",
      }),
      rename: command("PUT /customers/:customerId/name", {
        input: z.object({ customerId, name }),
        refusals: { UnknownCustomer },
        access: "signed-in",
      }),
    },
    "2.0.0": named,
    "2.1.0": {
      ...named,
      /** All of them, page by page, for domains that keep a copy of the names. */
      customers: query("GET /customers", {
        input: z.object({ after: customerId.optional(), limit: z.int().min(1).max(500).default(500) }),
        output: z.object({
          customers: z.array(z.object({ customerId, firstName: z.string(), lastName: z.string() })),
          next: customerId.nullable(),
        }),
        pages: { after: "after", items: "customers", next: "next" },
      }),
    },
  },
  converters: {
    "2.0.0": {
      register: { input: { loses: blanks, convert: (customer) => withParts(customer) } },
      customerById: { output: { loses: boundary, convert: (customer) => withName(customer) } },
      rename: { input: { loses: blanks, convert: (customer) => withParts(customer) } },
    },
  },
  deprecated: {
    "1": { since: "2026-06-01", sunset: "2027-06-01", notice: "Send and show first and last names: use version 2." },
  },
});
// #endregion api

// #region event
/** Carries the name and not the address: personal data travels no further than somebody needs it. */
export const CustomerRegistered = event("customer.CustomerRegistered", {
  key: "customerId",
  versions: {
    "1.0.0": z.object({ customerId, name: z.string() }),
    "2.0.0": z.object({ customerId, firstName: z.string(), lastName: z.string() }),
  },
  converters: {
    "2.0.0": {
      up: { loses: blanks, convert: (customer) => withParts(customer) },
      down: { loses: boundary, convert: (customer) => withName(customer) },
    },
  },
});
// #endregion event

export const CustomerRenamed = event("customer.CustomerRenamed", {
  key: "customerId",
  versions: {
    "1.0.0": z.object({ customerId, name: z.string() }),
    "2.0.0": z.object({ customerId, firstName: z.string(), lastName: z.string() }),
  },
  converters: {
    "2.0.0": {
      up: { loses: blanks, convert: (customer) => withParts(customer) },
      down: { loses: boundary, convert: (customer) => withName(customer) },
    },
  },
});

// #region converters
/** The first word is the first name; what follows, if anything does, is the last name. */
function withParts<Rest extends { readonly name: string }>({ name: whole, ...rest }: Rest) {
  const [firstName = "", ...others] = whole.trim().split(/\s+/);
  if (firstName === "") return cannotConvert("a name of blanks alone has no first name");
  return { ...rest, firstName, lastName: others.join(" ") };
}

function withName<Rest extends { readonly firstName: string; readonly lastName: string }>({
  firstName,
  lastName,
  ...rest
}: Rest) {
  return { ...rest, name: lastName === "" ? firstName : `${firstName} ${lastName}` };
}
// #endregion converters
