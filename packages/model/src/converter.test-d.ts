// What must not compile does not compile: each expected error is marked, and an unused mark is an error.
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { api, cannotConvert, command, event, query } from "./index.ts";

const UnknownGuest = z.object({ guestId: z.string() });
const versions = {
  "1.0.0": {
    guest: query("GET /guests/:guestId", {
      input: z.object({ guestId: z.string() }),
      output: z.object({ name: z.string() }),
      refusals: { UnknownGuest },
    }),
    page: query("GET /pages", { input: z.object({ page: z.int().default(1) }) }),
  },
  "1.1.0": {
    guest: query("GET /guests/:guestId", {
      input: z.object({ guestId: z.string() }),
      output: z.object({ name: z.string(), phone: z.string().optional() }),
      refusals: { UnknownGuest },
    }),
    invite: command("POST /guests", { input: z.object({ name: z.string() }) }),
    page: query("GET /pages", { input: z.object({ page: z.int().default(1) }) }),
  },
  "2.0.0": {
    guest: query("GET /guests/:guestId", {
      input: z.object({ guestId: z.int() }),
      output: z.object({ first: z.string(), last: z.string(), phone: z.string().optional() }),
      refusals: { UnknownGuest, GuestHidden: z.object({ why: z.string() }) },
    }),
    bid: command("POST /bids", { input: z.object({ first: z.string(), last: z.string() }) }),
    page: query("GET /pages", { input: z.object({ page: z.int().default(1) }) }),
  },
  "2.1.0": {
    guest: query("GET /guests/:guestId", {
      input: z.object({ guestId: z.int() }),
      output: z.object({ first: z.string(), last: z.string(), phone: z.string().optional(), age: z.int().optional() }),
      refusals: { UnknownGuest, GuestHidden: z.object({ why: z.string() }) },
    }),
    bid: command("POST /bids", { input: z.object({ first: z.string(), last: z.string() }) }),
    page: query("GET /pages", { input: z.object({ page: z.int().default(1) }) }),
  },
};

test("converters get the types of their versions without annotations; what is the same may be left out", () => {
  api("guestbook", {
    versions,
    converters: {
      "2.0.0": {
        guest: {
          input: ({ guestId }) => {
            expectTypeOf(guestId).toEqualTypeOf<string>();
            return Number.isNaN(Number(guestId)) ? cannotConvert("ids are numbers") : { guestId: Number(guestId) };
          },
          output: {
            loses: "where the first name ends",
            convert: (guest) => {
              expectTypeOf(guest).toEqualTypeOf<{ first: string; last: string; phone?: string | undefined }>();
              return { name: `${guest.first} ${guest.last}` };
            },
          },
          refusals: {
            GuestHidden: ({ why }) => {
              expectTypeOf(why).toEqualTypeOf<string>();
              return { refusal: "UnknownGuest", details: { guestId: why } };
            },
          },
        },
        invite: {
          as: "bid",
          input: ({ name }) => {
            expectTypeOf(name).toEqualTypeOf<string>();
            return { first: name, last: "" };
          },
        },
      },
    },
  });
});

test("the versions may stand in the same place", () => {
  const Guestbook = api("guestbook", {
    versions: {
      "1.0.0": { sign: command("POST /entries", { input: z.object({ name: z.string() }) }) },
      "2.0.0": { sign: command("POST /entries", { input: z.object({ first: z.string() }) }) },
    },
    converters: {
      "2.0.0": {
        sign: {
          input: ({ name }) => {
            expectTypeOf(name).toEqualTypeOf<string>();
            return { first: name };
          },
        },
      },
    },
  });
  expectTypeOf(Guestbook.newest).toEqualTypeOf<"2.0.0">();
});

test("what differs needs a converter", () => {
  // @ts-expect-error nothing converts
  api("guestbook", { versions });
  api("guestbook", {
    versions,
    converters: {
      "2.0.0": {
        // @ts-expect-error the new refusal is not mapped
        guest: {
          input: () => ({ guestId: 1 }),
          output: () => ({ name: "" }),
        },
        invite: { as: null },
      },
    },
  });
  api("guestbook", {
    versions,
    converters: {
      // @ts-expect-error "invite" is gone, and nothing is said about it
      "2.0.0": {
        guest: {
          input: () => ({ guestId: 1 }),
          output: () => ({ name: "" }),
          refusals: { GuestHidden: () => cannotConvert("no") },
        },
      },
    },
  });
});

test("a converter gives what the other version takes", () => {
  api("guestbook", {
    versions,
    converters: {
      "2.0.0": {
        guest: {
          // @ts-expect-error the id is a number there
          input: ({ guestId }) => ({ guestId }),
          // @ts-expect-error there is no name in it
          output: { loses: "all", convert: () => ({ first: "" }) },
          // @ts-expect-error the older version knows no such refusal
          refusals: { GuestHidden: () => ({ refusal: "GuestGone", details: {} }) },
        },
        // @ts-expect-error no operation of the newer version has this name
        invite: { as: "ask" },
      },
    },
  });
});

test("an event is converted both ways", () => {
  const Renamed = event("customer.Renamed", {
    key: "customerId",
    versions: {
      "1.0.0": z.object({ customerId: z.string(), name: z.string() }),
      "2.0.0": z.object({ customerId: z.string(), first: z.string(), last: z.string() }),
    },
    converters: {
      "2.0.0": {
        up: ({ name, ...rest }) => {
          expectTypeOf(name).toEqualTypeOf<string>();
          return { ...rest, first: name, last: "" };
        },
        down: {
          loses: "where the first name ends",
          convert: ({ customerId, first, last }) => {
            expectTypeOf(last).toEqualTypeOf<string>();
            return { customerId, name: `${first} ${last}` };
          },
        },
      },
    },
  });
  expectTypeOf(Renamed.newest).toEqualTypeOf<"2.0.0">();
  event("customer.Renamed", {
    key: "id",
    versions: { "1.0.0": z.object({ id: z.string() }), "2.0.0": z.object({ id: z.string(), more: z.string() }) },
    // @ts-expect-error only one way
    converters: { "2.0.0": { up: ({ id }) => ({ id, more: "" }) } },
  });
});
