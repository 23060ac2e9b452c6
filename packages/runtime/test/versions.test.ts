import { createClient } from "@polder/http";
import {
  api,
  cannotConvert,
  command,
  type DeliveredEvent,
  domain,
  event,
  handler,
  type Implementation,
  implement,
  type LogFields,
  need,
  silentLogger,
  subscription,
  team,
} from "@polder/model";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Host, startHost } from "../src/index.ts";
import { homesOf, rows } from "./hosting.ts";

// Guests is released twice: first with one major of its contracts, then with two. Mail moves to the second later than Desk.

const guestId = z.string();
const owner = team("Hosts", { contact: "#hosts" });
const first = command("PUT /guests/:guestId", {
  input: z.object({ guestId, name: z.string() }),
  output: z.object({ name: z.string() }),
});
const eventAt1 = z.object({ guestId, name: z.string() });
const eventAt2 = z.object({ guestId, firstName: z.string(), lastName: z.string() });

const OldGuests = api("guests", { versions: { "1.0.0": { rename: first } } });
const OldRenamed = event("guests.Renamed", { key: "guestId", versions: { "1.0.0": eventAt1 } });
const oldGuests = domain("guests", { owner, capability: "Know who came", publishes: [OldGuests, OldRenamed] });

const Guests = api("guests", {
  versions: {
    "1.0.0": { rename: first },
    "2.0.0": {
      call: command("PUT /people/:guestId", {
        input: z.object({ guestId, firstName: z.string(), lastName: z.string() }),
        output: z.object({ firstName: z.string(), lastName: z.string() }),
      }),
    },
  },
  converters: {
    "2.0.0": {
      rename: {
        as: "call",
        input: ({ guestId: id, name }) => ({ guestId: id, ...split(name) }),
        output: ({ firstName, lastName }) =>
          lastName === "Unsayable" ? cannotConvert("this name has two parts") : { name: `${firstName} ${lastName}` },
      },
    },
  },
});
const Renamed = event("guests.Renamed", {
  key: "guestId",
  versions: { "1.0.0": eventAt1, "2.0.0": eventAt2 },
  converters: {
    "2.0.0": {
      up: ({ guestId: id, name }) => ({ guestId: id, ...split(name) }),
      down: ({ guestId: id, firstName, lastName }) => {
        if (lastName === "Wrong") return { guestId: id } as never;
        if (lastName === "Unsayable") return cannotConvert("this name has two parts");
        return { guestId: id, name: `${firstName} ${lastName}` };
      },
    },
  },
  deprecated: { "1": { since: "2026-01-01", notice: "Use both names." } },
});
const guests = domain("guests", { owner, capability: "Know who came", publishes: [Guests, Renamed] });

function split(name: string): { readonly firstName: string; readonly lastName: string } {
  if (name.endsWith("Unreadable")) throw new Error("nobody can read this name any more");
  const [firstName = "", ...others] = name.split(" ");
  return { firstName, lastName: others.join(" ") };
}

let runs = 0;

const oldRelease = implement(oldGuests, {
  apis: {
    guests: {
      rename: handler(oldGuests, OldGuests.rename, async ({ input, tx }) => {
        runs += 1;
        tx.publish(OldRenamed, input);
        return { name: `${input.name} by the old release` };
      }),
    },
  },
});

const newRelease = implement(guests, {
  apis: {
    guests: {
      call: handler(guests, Guests.call, async ({ input, tx }) => {
        runs += 1;
        tx.publish(Renamed, input);
        return { firstName: input.firstName, lastName: input.lastName };
      }),
    },
  },
});

const retrying = { attemptsMax: 2, backoffMs: 1, backoffMaxMs: 1 };

/** Two consumers of the event, each at its own version, and what they got. */
function consumers(): {
  readonly implementations: readonly Implementation[];
  readonly got: Record<string, DeliveredEvent[]>;
} {
  const got: Record<string, DeliveredEvent[]> = { mail: [], desk: [] };
  const mail = domain("mail", { owner, capability: "Write letters", needs: [need(Renamed, "1.0.0")] });
  const desk = domain("desk", { owner, capability: "Greet", needs: [need(Renamed, "2.0.0")] });
  const mailing = subscription(
    mail,
    "letters",
    { "guests.Renamed": async ({ event: one }) => void got["mail"]?.push(one) },
    retrying,
  );
  const greeting = subscription(
    desk,
    "badges",
    { "guests.Renamed": async ({ event: one }) => void got["desk"]?.push(one) },
    retrying,
  );
  return {
    got,
    implementations: [implement(mail, { subscriptions: [mailing] }), implement(desk, { subscriptions: [greeting] })],
  };
}

let server: TestServer;
let database: TestDatabase;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  runs = 0;
  database = await server.database(homesOf([newRelease, ...consumers().implementations]));
});
afterEach(() => database[Symbol.asyncDispose]());

const start = (implementations: readonly Implementation[], logger = silentLogger): Promise<Host> =>
  startHost({ implementations, address: database.appAddress, leaseMs: 3_000, logger });
const parked = (schema: string): Promise<readonly object[]> =>
  rows(database.admin, `select key, state, error from ${schema}._parked where state = 'dead' order by seq`);

describe("events", () => {
  test("each consumer gets its own version, also of what was stored before there were two", async () => {
    {
      await using host = await start([oldRelease]);
      const old = createClient(OldGuests, "1.0.0", { transport: host.transport });
      await old.rename({ guestId: "a", name: "Ada Lovelace" });
    }
    const { implementations, got } = consumers();
    await using host = await start([newRelease, ...implementations]);
    const newest = createClient(Guests, "2.0.0", { transport: host.transport });
    await newest.call({ guestId: "g", firstName: "Grace", lastName: "Hopper" });
    await until(async () => got["mail"]?.length === 2 && got["desk"]?.length === 2, "both have both events");
    const seen = (consumer: string) => got[consumer]?.map(({ version, data }) => ({ version, data }));
    expect(seen("mail")).toEqual([
      { version: "1.0.0", data: { guestId: "a", name: "Ada Lovelace" } },
      { version: "1.0.0", data: { guestId: "g", name: "Grace Hopper" } },
    ]);
    expect(seen("desk")).toEqual([
      { version: "2.0.0", data: { guestId: "a", firstName: "Ada", lastName: "Lovelace" } },
      { version: "2.0.0", data: { guestId: "g", firstName: "Grace", lastName: "Hopper" } },
    ]);
  });

  test("one that cannot be converted becomes a dead letter with the converter's name, and is not lost", async () => {
    const { implementations, got } = consumers();
    await using host = await start([newRelease, ...implementations]);
    const newest = createClient(Guests, "2.0.0", { transport: host.transport });
    await newest.call({ guestId: "w", firstName: "Ada", lastName: "Wrong" });
    await newest.call({ guestId: "u", firstName: "Ada", lastName: "Unsayable" });
    await until(async () => (await parked("mail")).length === 2, "both are dead letters");
    expect(await parked("mail")).toEqual([
      {
        key: "w",
        state: "dead",
        error: expect.stringContaining(
          'guests.Renamed converters["2.0.0"].down gave what 1.0.0 does not accept: /name is missing',
        ),
      },
      { key: "u", state: "dead", error: expect.stringContaining("this name has two parts") },
    ]);
    await until(async () => got["desk"]?.length === 2, "the other consumer has both");
    expect(await rows(database.admin, "select version, data from polder.log_guests order by seq")).toEqual([
      { version: "2.0.0", data: { guestId: "w", firstName: "Ada", lastName: "Wrong" } },
      { version: "2.0.0", data: { guestId: "u", firstName: "Ada", lastName: "Unsayable" } },
    ]);
  });

  test("one that is not what its stored version says never reaches a converter", async () => {
    const { implementations } = consumers();
    await using host = await start([newRelease, ...implementations]);
    await database.admin.query(
      `insert into guests._outbox (event_id, key, type, version, data)
       values (gen_random_uuid(), 'n', 'guests.Renamed', '1.0.0', '{"guestId": "n"}')`,
    );
    // What is published as it should be wakes the relay.
    await createClient(Guests, "2.0.0", { transport: host.transport }).call({ guestId: "a", ...split("Ada Lovelace") });
    await until(async () => (await parked("desk")).length === 1, "it is a dead letter");
    expect(await parked("desk")).toMatchObject([
      { error: expect.stringContaining("is not what its contract says: /name is missing") },
    ]);
  });

  test("who needs a version that is about to go is warned when it starts", async () => {
    const warnings: (readonly [string, LogFields | undefined])[] = [];
    const logger = {
      ...silentLogger,
      warn: (message: string, fields?: LogFields) => void warnings.push([message, fields]),
    };
    await using _host = await start([newRelease, ...consumers().implementations], logger);
    expect(warnings.map(([message]) => message).filter((message) => message.includes("deprecated"))).toEqual([
      '"mail" needs guests.Renamed at version 1.0.0, which is deprecated since 2026-01-01: Use both names.',
    ]);
  });
});

describe("a keyed command", () => {
  const renaming = { guestId: "a", name: "Ada Lovelace" };

  test("finds its first answer again after a release that brought another major", async () => {
    {
      await using host = await start([oldRelease]);
      const old = createClient(OldGuests, "1.0.0", { transport: host.transport });
      expect(await old.rename(renaming, { key: "k" })).toMatchObject({
        value: { name: "Ada Lovelace by the old release" },
      });
    }
    await using host = await start([newRelease]);
    const old = createClient(Guests, "1.0.0", { transport: host.transport });
    expect(await old.rename(renaming, { key: "k" })).toMatchObject({
      value: { name: "Ada Lovelace by the old release" },
    });
    expect(runs).toBe(1);
    expect(await old.rename(renaming, { key: "l" })).toMatchObject({ value: { name: "Ada Lovelace" } });
    expect(await old.rename(renaming, { key: "l" })).toMatchObject({ value: { name: "Ada Lovelace" } });
    expect(runs).toBe(2);
  });

  test("finds its first answer also where its input cannot be converted any more", async () => {
    const unreadable = { guestId: "a", name: "Ada Unreadable" };
    {
      await using host = await start([oldRelease]);
      await createClient(OldGuests, "1.0.0", { transport: host.transport }).rename(unreadable, { key: "k" });
    }
    await using host = await start([newRelease]);
    const old = createClient(Guests, "1.0.0", { transport: host.transport });
    expect(await old.rename(unreadable, { key: "k" })).toMatchObject({
      value: { name: "Ada Unreadable by the old release" },
    });
    for (const key of ["l", undefined]) {
      const call = old.rename(unreadable, key === undefined ? {} : { key });
      await expect(call).rejects.toMatchObject({ details: { problem: { code: "CONVERSION_FAILED" } } });
    }
    expect(runs).toBe(1);
  });

  test("that cannot be answered at its caller's version does not happen", async () => {
    await using host = await start([newRelease]);
    const old = createClient(Guests, "1.0.0", { transport: host.transport });
    const call = old.rename({ guestId: "a", name: "Ada Unsayable" }, { key: "k" });
    await expect(call).rejects.toMatchObject({ details: { problem: { code: "CONVERSION_IMPOSSIBLE" } } });
    expect(await rows(database.admin, "select from guests._outbox")).toEqual([]);
    expect(await rows(database.admin, "select from guests._request")).toEqual([]);
  });
});
