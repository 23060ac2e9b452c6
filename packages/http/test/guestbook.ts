import {
  api,
  type CommandContext,
  cannotConvert,
  command,
  domain,
  handler,
  implement,
  query,
  silentLogger,
  team,
} from "@polder/model";
import { z } from "zod";
import type { AdmittedCall, ServedDomain } from "../src/index.ts";

const guestId = z.string();
const UnknownGuest = z.object({ guestId });
const FULL_NAME_MAX = 20;

/** An API with two majors that live, one that is retired, and a converter for each way in which conversions go well or wrong. */
export const Guestbook = api("guestbook", {
  versions: {
    "1.0.0": {
      guest: query("GET /guests/:guestId", {
        access: "anyone",
        input: z.object({ guestId }),
        output: z.object({ guestId, name: z.string() }),
        refusals: { UnknownGuest },
      }),
    },
    "1.1.0": {
      guest: query("GET /guests/:guestId", {
        access: "anyone",
        input: z.object({ guestId }),
        output: z.object({ guestId, name: z.string(), phone: z.string().optional() }),
        refusals: { UnknownGuest },
      }),
      sign: command("POST /guests", {
        access: "anyone",
        input: z.object({ name: z.string().min(1), phone: z.string().optional() }),
        output: z.object({ guestId, name: z.string(), note: z.unknown().optional() }),
        refusals: { BookFull: z.object({ seats: z.int() }) },
      }),
      wave: command("POST /waves"),
    },
    "2.0.0": {
      guest: query("GET /people/:guestId", {
        access: "anyone",
        input: z.object({ guestId }),
        output: z.object({ guestId, firstName: z.string(), lastName: z.string(), phone: z.string().optional() }),
        refusals: { UnknownGuest, GuestHidden: z.object({ because: z.string() }) },
      }),
      enter: command("POST /people", {
        access: "anyone",
        input: z.object({ firstName: z.string().min(1), lastName: z.string(), phone: z.string().optional() }),
        output: z.object({ guestId, firstName: z.string(), lastName: z.string() }),
        refusals: { BookFull: z.object({ seatsLeft: z.int() }), BookBurnt: z.object({}) },
      }),
    },
    "2.1.0": {
      guest: query("GET /people/:guestId", {
        access: "anyone",
        input: z.object({ guestId }),
        output: z.object({
          guestId,
          firstName: z.string(),
          lastName: z.string(),
          phone: z.string().optional(),
          age: z.int().optional(),
        }),
        refusals: { UnknownGuest, GuestHidden: z.object({ because: z.string() }) },
      }),
      enter: command("POST /people", {
        access: "anyone",
        input: z.object({
          firstName: z.string().min(1),
          lastName: z.string(),
          phone: z.string().optional(),
          language: z.string().default("nl"),
        }),
        output: z.object({ guestId, firstName: z.string(), lastName: z.string() }),
        refusals: { BookFull: z.object({ seatsLeft: z.int() }), BookBurnt: z.object({}) },
      }),
    },
  },
  converters: {
    "2.0.0": {
      guest: {
        // The rest may hold what a later minor has added; nothing of it reaches the older version.
        output: ({ firstName, lastName, ...rest }) => ({ ...rest, name: `${firstName} ${lastName}` }),
        refusals: { GuestHidden: ({ because }) => ({ refusal: "UnknownGuest", details: { guestId: because } }) },
      },
      sign: {
        as: "enter",
        input: (guest) => {
          const { name, ...rest } = guest;
          // Not pure, as no converter should be.
          Object.assign(guest, { name: "forgotten" });
          if (name === "throw") throw new Error("secret of the inside");
          if (name.length > FULL_NAME_MAX) return cannotConvert(`names have at most ${FULL_NAME_MAX} characters`);
          const [firstName = "", ...others] = name === "wrong" ? [] : name.split(" ");
          return { ...rest, firstName, lastName: others.join(" ") };
        },
        output: (guest) => {
          if (guest.lastName === "unanswerable") return cannotConvert("such guests have two names");
          if (guest.lastName === "long") return { guestId: guest.guestId, name: guest.firstName.repeat(1_000) };
          if (guest.lastName === "ring") {
            const note: object[] = [];
            note.push(note);
            return { guestId: guest.guestId, name: guest.firstName, note };
          }
          return { guestId: guest.guestId, name: guest.lastName === "wrong" ? (1 as never) : guest.firstName };
        },
        refusals: {
          BookFull: ({ seatsLeft }) => ({ refusal: "BookFull", details: { seats: seatsLeft } }),
          BookBurnt: () => cannotConvert("there is no book any more"),
        },
      },
      wave: { as: null },
    },
  },
  deprecated: {
    "0": { since: "2024-01-01", sunset: "2025-01-01", notice: "Split the name." },
    "1": { since: "2026-03-01", sunset: "2027-03-01T12:00:00Z", notice: "https://guestbook.example/split-names" },
  },
});

const guestbook = domain("guestbook", {
  owner: team("Hosts", { contact: "#hosts" }),
  capability: "Know who came",
  publishes: [Guestbook],
});

const implementation = implement(guestbook, {
  apis: {
    guestbook: {
      guest: handler(guestbook, Guestbook.guest, async ({ input, refuse }) => {
        if (input.guestId === "nobody") return refuse("UnknownGuest", input);
        if (input.guestId === "hidden") return refuse("GuestHidden", { because: "shy" });
        return { guestId: input.guestId, firstName: "Ada", lastName: "Lovelace", age: 36 };
      }),
      enter: handler(guestbook, Guestbook.enter, async ({ input, refuse }) => {
        if (input.lastName === "full") return refuse("BookFull", { seatsLeft: 0 });
        if (input.lastName === "burnt") return refuse("BookBurnt", {});
        return { guestId: "g1", firstName: input.firstName, lastName: input.lastName };
      }),
    },
  },
});

/** The guestbook as it is served in a test: every call that was let in, and what a database would have committed. */
export interface ServedGuestbook {
  readonly served: ServedDomain;
  readonly admitted: readonly AdmittedCall[];
  readonly committed: readonly string[];
}

/** Serves the guestbook without a database: an executor that only runs the handler and concludes. */
export function serveGuestbook(): ServedGuestbook {
  const admitted: AdmittedCall[] = [];
  const committed: string[] = [];
  const refuse = (refusal: string, details: unknown) => ({ kind: "refused", refusal, details });
  const served: ServedDomain = {
    implementation,
    execute: async (found, call) => {
      admitted.push(call);
      const context = { input: call.input, signal: call.signal, log: silentLogger, refuse };
      // Neither a transaction nor further calls: these handlers need none.
      const executed = await call.conclude(await found.run(context as unknown as CommandContext));
      committed.push(found.operation);
      return executed;
    },
  };
  return { served, admitted, committed };
}
