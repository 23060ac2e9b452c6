import { randomUUID } from "node:crypto";
import { domain, type Logger, type Saga, saga, silentLogger, type Transaction, team } from "@polder/model";
import { type Database, homeOf, homeSteps, openDatabase, provision } from "@polder/postgres";
import type { TestContent, TestDatabase } from "@polder/postgres/testing";
import { z } from "zod";
import {
  type RunningSagas,
  runSagas,
  type SagaCrashPointName,
  type SagaSeams,
  sagaDomainSteps,
  sagaStart,
} from "../src/index.ts";

// A domain that books trips with others outside its database. What is outside keeps its promise: the same key, the same effect, once.

export const travel = domain("travel", { owner: team("Agents", { contact: "#agents" }), capability: "Book trips" });

const home = homeOf("travel");
const scopes = [homeSteps(home), sagaDomainSteps("travel")];
const tables = `create schema world;
create table world.booking (key text primary key, trip text not null, what text not null, cancelled boolean not null default false);
set role travel_owner;
create table travel.trip (trip text primary key, state text not null)`;

/** The domain at home, with a table of trips, and a world outside that it writes to under keys. */
export const travelHome: TestContent = {
  of: [home, scopes, tables],
  fill: async ({ admin, password }) => {
    await provision({ admin, homes: [home], scopes, password });
    const client = await admin.connect();
    try {
      await client.query(tables);
    } finally {
      await client.end();
    }
  },
};

/** What is outside the domain's database. */
export interface World {
  readonly book: (trip: string, what: string, key: string) => Promise<{ readonly booking: string }>;
  readonly cancel: (booking: string) => Promise<void>;
}

/** Opens the world; `mood` is asked before and after each effect, and may throw. */
export function openWorld(
  admin: Database,
  mood: (when: "before" | "after", what: string) => void = () => undefined,
): World {
  return {
    book: async (trip, what, key) => {
      mood("before", what);
      await admin.query(
        "insert into world.booking (key, trip, what) values ($1, $2, $3) on conflict (key) do nothing",
        [key, trip, what],
      );
      mood("after", what);
      return { booking: key };
    },
    cancel: async (booking) => {
      mood("before", "cancel");
      await admin.query("update world.booking set cancelled = true where key = $1", [booking]);
      mood("after", "cancel");
    },
  };
}

const tripInput = z.object({ stops: z.int(), fails: z.boolean() });

/** A trip: noted, then a flight for each stop at once, then a hotel, then noted as booked. A trip that fails does so at the hotel. */
export function tripSaga(
  world: World,
  options: Saga["options"] = {},
): Saga<"travel", "trip", typeof tripInput, undefined> {
  return saga(travel, "trip", {
    input: tripInput,
    options,
    run: async ({ input, key, step, local, abort }) => {
      await local("note", {
        run: async ({ tx }) => note(tx, key, "planned"),
        undo: async ({ tx }) => note(tx, key, "given up"),
      });
      await Promise.all(
        Array.from({ length: input.stops }, (_, stop) =>
          step(`flight ${stop}`, {
            run: (work) => world.book(key, `flight ${stop}`, work.key),
            undo: ({ result }) => world.cancel(result.booking),
          }),
        ),
      );
      await step("hotel", {
        run: (work) => world.book(key, "hotel", work.key),
        undo: ({ result }) => world.cancel(result.booking),
      });
      if (input.fails) abort("no money left");
      await local("confirm", { run: async ({ tx }) => note(tx, key, "booked") });
    },
  });
}

async function note(tx: Transaction, trip: string, state: string): Promise<void> {
  await tx.sql`insert into trip (trip, state) values (${trip}, ${state}) on conflict (trip) do update set state = excluded.state`;
}

/** What the steps of these tests need of a host: no calls, and transactions that publish nothing. */
export const seams: SagaSeams = {
  call: () => () => {
    throw new Error("nobody is called here");
  },
  local: (transaction) => ({
    tx: {
      sql: transaction.sql,
      query: transaction.query,
      publish: () => "",
      start: (given, key) => ({ kind: "started", saga: given.name, key }),
    },
    last: async () => [],
    committed: () => undefined,
  }),
  isDefinite: (error) => error instanceof Error && error.message.startsWith("never"),
  trace: (_name, run) => run(),
};

/** Sagas of the domain at work in this process, as an instance of their own. */
export interface Agency extends AsyncDisposable {
  readonly database: Database;
  readonly instance: string;
  readonly running: RunningSagas;
}

/** Brings sagas to work. */
export async function openAgency(
  database: TestDatabase,
  sagas: readonly Saga[],
  options: {
    readonly leaseMs?: number;
    readonly logger?: Logger;
    readonly crashPoint?: (name: SagaCrashPointName) => void;
  } = {},
): Promise<Agency> {
  const instance = randomUUID();
  const app = openDatabase({ ...database.appAddress("travel"), schema: "travel" });
  await app.query("insert into _instance (id, host, pid) values ($1, 'test', 1)", [instance]);
  const running = runSagas({
    domain: "travel",
    sagas,
    database: app,
    instance,
    seams: () => seams,
    pollMs: 50,
    random: () => 0,
    logger: silentLogger,
    ...options,
  });
  return {
    database: app,
    instance,
    running,
    [Symbol.asyncDispose]: async () => {
      await running.stop();
      await app.close();
    },
  };
}

/** Starts a saga as a handler would. */
export async function start(database: Database, name: string, key: string, input: unknown): Promise<void> {
  await database.begin().commit([sagaStart("travel", { name, key, input, headers: null })]);
}
