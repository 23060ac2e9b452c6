import { api, command, event, query, team } from "@polder/model";
import { expect, test } from "vitest";
import { z } from "zod";
import { changelogOf } from "../index.ts";

const Customer = api("customer", {
  versions: {
    "1.0.0": {
      rename: command("PUT /customers/:id/name", { input: z.object({ id: z.string(), name: z.string() }) }),
      all: query("GET /customers"),
    },
    "1.1.0": {
      rename: command("PUT /customers/:id/name", {
        input: z.object({ id: z.string(), name: z.string(), phone: z.string().optional() }),
        access: "signed-in",
      }),
      one: query("GET /customers/:id", { input: z.object({ id: z.string() }) }),
    },
  },
});

test("an API: its versions from the newest, and what differs between them", () => {
  expect(changelogOf(Customer, { owner: team("Customer Care", { contact: "#care" }) })).toBe(`# customer

An API of the domain \`customer\`. Customer Care answers for it: #care.

## 1.1.0

Changes since 1.0.0:

- \`rename\` has changed: input, access.
- \`one\` is new: a query, \`GET /customers/:id\`.
- \`all\` is gone.

## 1.0.0

- \`rename\`: a command, \`PUT /customers/:id/name\`
- \`all\`: a query, \`GET /customers\`
`);
});

test("an event: what is deprecated, and what conversion loses", () => {
  const Renamed = event("customer.Renamed", {
    key: "id",
    versions: {
      "1.0.0": z.object({ id: z.string(), name: z.string() }),
      "2.0.0": z.object({ id: z.string(), firstName: z.string(), lastName: z.string() }),
    },
  });
  const changing = {
    ...Renamed,
    deprecated: { "1": { since: "2030-01-01", sunset: "2031-01-01", notice: "Take both names." } },
    converters: { "2.0.0": { up: { loses: "where the first name ends", convert: () => ({}) }, down: () => ({}) } },
  };
  expect(changelogOf(changing)).toContain(`## 2.0.0

Changes since 1.0.0:

- The payload has changed.

Users of 1.0.0 are served by conversion:

- \`up\`, which loses: where the first name ends
- \`down\`

## 1.0.0

**Deprecated** since 2030-01-01, served until 2031-01-01. Take both names.

- The first version.`);
});
