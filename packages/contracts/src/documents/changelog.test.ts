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

- rename is open to signed-in; it was open to domains only (minor).
- The operation all was removed: callers of 1.0.0 find nobody who answers (major).
- The operation one is new (minor).
- /operations/rename/input/properties/phone is new (minor).

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
    converters: {
      "2.0.0": {
        up: { loses: "where the first name ends", convert: ({ id, name }) => ({ id, firstName: name, lastName: "" }) },
        down: ({ id, firstName, lastName }) => ({ id, name: `${firstName} ${lastName}` }),
      },
    },
    deprecated: { "1": { since: "2030-01-01", sunset: "2031-01-01", notice: "Take both names." } },
  });
  expect(changelogOf(Renamed)).toContain(`## 2.0.0

Changes since 1.0.0:

- /schema/properties/firstName is new, and required (major).
- /schema/properties/lastName is new, and required (major).
- /schema/properties/name was removed (major).

Users of 1.0.0 are served by conversion:

- \`up\`, which loses: where the first name ends
- \`down\`

## 1.0.0

**Deprecated** since 2030-01-01, served until 2031-01-01. Take both names.

- The first version.`);
});
