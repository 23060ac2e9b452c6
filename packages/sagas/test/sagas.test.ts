import { domain, event, need, saga, team } from "@polder/model";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { abortSaga, listSagas, resumeSaga, sagaAnswer, sagaNewsInsert, showSaga } from "../src/index.ts";
import { openAgency, openWorld, start, travel, travelHome, tripSaga } from "./travel.ts";

let server: TestServer;
let database: TestDatabase;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database(travelHome);
});
afterEach(() => database[Symbol.asyncDispose]());

const quick = { backoffMs: 1, backoffMaxMs: 5, attemptsMax: 3 };
const nothing = z.object({});
const trip = (key: string) => ({ domain: "travel", saga: "trip", key });

async function ended(key: string, name = "trip") {
  const look = () => showSaga(database.admin, { domain: "travel", saga: name, key });
  await until(async () => (await look()).endedAt !== null, `${key} has ended`);
  return await look();
}

async function bookings(key: string) {
  const { rows } = await database.admin.query<{ what: string; cancelled: boolean }>(
    "select what, cancelled from world.booking where trip = $1 order by what",
    [key],
  );
  return rows;
}

async function stateOf(key: string) {
  const { rows } = await database.admin.query<{ state: string }>("select state from travel.trip where trip = $1", [
    key,
  ]);
  return rows[0]?.state;
}

test("every step happens once, in order, and its result is kept", async () => {
  await using agency = await openAgency(database, [tripSaga(openWorld(database.admin))]);
  await start(agency.database, "trip", "rome", { stops: 2, fails: false });
  const { state, steps } = await ended("rome");
  expect(state).toBe("done");
  expect(steps.map(({ name, state, attempts }) => [name, state, attempts])).toEqual([
    ["note", "done", 1],
    ["flight 0", "done", 1],
    ["flight 1", "done", 1],
    ["hotel", "done", 1],
    ["confirm", "done", 1],
  ]);
  expect(await bookings("rome")).toEqual(["flight 0", "flight 1", "hotel"].map((what) => ({ what, cancelled: false })));
  expect(await stateOf("rome")).toBe("booked");
});

test("a saga that is aborted is taken back, the last step first", async () => {
  await using agency = await openAgency(database, [tripSaga(openWorld(database.admin))]);
  await start(agency.database, "trip", "oslo", { stops: 2, fails: true });
  const { state, reason, steps } = await ended("oslo");
  expect([state, reason]).toEqual(["undone", "no money left"]);
  expect(steps.map(({ name, state }) => [name, state])).toEqual([
    ["note", "undone"],
    ["flight 0", "undone"],
    ["flight 1", "undone"],
    ["hotel", "undone"],
  ]);
  expect((await bookings("oslo")).every(({ cancelled }) => cancelled)).toBe(true);
  expect(await stateOf("oslo")).toBe("given up");
});

test("steps are taken back one by one, the other way round, each with its result, its reason and a key of its own", async () => {
  const undone: unknown[] = [];
  const keys = new Set<string>();
  const stairs = saga(travel, "stairs", {
    input: nothing,
    run: async ({ step, local, abort }) => {
      const up = (name: string) =>
        step(name, {
          run: async ({ key }) => ({ floor: name, isNew: keys.size < keys.add(key).size }),
          undo: async ({ key, result, reason }) => {
            undone.push([name, result, reason, keys.size < keys.add(key).size]);
          },
        });
      await up("first");
      await local("second", { run: async () => 2, undo: async ({ result }) => undone.push(["second", result]) });
      await Promise.all([up("third"), up("third, other side")]);
      abort("no further");
    },
  });
  await using agency = await openAgency(database, [stairs]);
  await start(agency.database, "stairs", "1", {});
  await ended("1", "stairs");
  const taken = (floor: string) => [floor, { floor, isNew: true }, "no further", true];
  expect(undone).toEqual([taken("third, other side"), taken("third"), ["second", 2], taken("first")]);
});

test("a second start under the same key is none", async () => {
  await using agency = await openAgency(database, [tripSaga(openWorld(database.admin))]);
  await start(agency.database, "trip", "rome", { stops: 1, fails: false });
  await start(agency.database, "trip", "rome", { stops: 5, fails: true });
  expect((await ended("rome")).input).toEqual({ stops: 1, fails: false });
  expect(await listSagas(database.admin, "travel", { all: true })).toHaveLength(1);
});

test("a step that fails is tried again under its key; a lost answer does nothing twice", async () => {
  let left = 2;
  const world = openWorld(database.admin, (when, what) => {
    if (what === "hotel" && when === "after" && left-- > 0) throw new Error("the answer was lost");
  });
  await using agency = await openAgency(database, [tripSaga(world, quick)]);
  await start(agency.database, "trip", "rome", { stops: 1, fails: false });
  const { state, steps } = await ended("rome");
  expect(state).toBe("done");
  expect(steps.find(({ name }) => name === "hotel")).toMatchObject({ state: "done", attempts: 3 });
  expect(await bookings("rome")).toHaveLength(2);
});

test("a step that fails too often has the saga taken back; what it may have done is found out and taken back as well", async () => {
  let isDown = true;
  const world = openWorld(database.admin, (when, what) => {
    if (what === "hotel" && when === "after" && isDown) throw new Error("the answer was lost");
  });
  await using agency = await openAgency(database, [tripSaga(world, quick)]);
  await start(agency.database, "trip", "rome", { stops: 1, fails: false });
  await until(async () => (await showSaga(database.admin, trip("rome"))).state === "back", "it is taken back");
  expect((await showSaga(database.admin, trip("rome"))).reason).toContain('"hotel" failed after 3 attempts');
  isDown = false;
  expect((await ended("rome")).state).toBe("undone");
  expect(await bookings("rome")).toEqual(["flight 0", "hotel"].map((what) => ({ what, cancelled: true })));
});

test("a step that can never succeed is not tried again, and not taken back", async () => {
  const world = openWorld(database.admin, (when, what) => {
    if (what === "hotel" && when === "before") throw new Error("never heard of that hotel");
  });
  await using agency = await openAgency(database, [tripSaga(world, quick)]);
  await start(agency.database, "trip", "rome", { stops: 1, fails: false });
  const { state, steps } = await ended("rome");
  expect(state).toBe("undone");
  expect(steps.find(({ name }) => name === "hotel")).toMatchObject({ state: "failed", attempts: 1 });
  expect(await bookings("rome")).toEqual([{ what: "flight 0", cancelled: true }]);
});

test("a step that is refused for good after an answer was lost is taken back, as soon as somebody lets it be known", async () => {
  let attempts = 0;
  let isClosed = true;
  const world = openWorld(database.admin, (when, what) => {
    if (what !== "hotel" || !isClosed) return;
    if (when === "before" && attempts++ > 0) throw new Error("never let in again");
    if (when === "after") throw new Error("the answer was lost");
  });
  await using agency = await openAgency(database, [tripSaga(world, quick)]);
  await start(agency.database, "trip", "rome", { stops: 1, fails: false });
  await until(async () => (await showSaga(database.admin, trip("rome"))).stuck !== null, "nobody knows how to go on");
  const { state, stuck, steps } = await showSaga(database.admin, trip("rome"));
  expect([state, stuck]).toEqual(["back", expect.stringContaining("never let in again")]);
  expect(steps.find(({ name }) => name === "hotel")).toMatchObject({ state: "given-up", attempts: 3 });
  isClosed = false;
  await resumeSaga(database.admin, trip("rome"));
  agency.running.wake();
  expect((await ended("rome")).state).toBe("undone");
  expect(await bookings("rome")).toEqual(["flight 0", "hotel"].map((what) => ({ what, cancelled: true })));
});

test("code may catch a failed step and go another way", async () => {
  const detour = saga(travel, "detour", {
    input: nothing,
    options: quick,
    run: async ({ step }) => {
      const way = await step("ferry", {
        run: async () => Promise.reject(new Error("never at this time of year")),
      }).catch((error: { readonly code: string }) => (error.code === "SAGA_STEP_FAILED" ? "by road" : "nowhere"));
      await step("go", { run: async () => ({ way }) });
    },
  });
  await using agency = await openAgency(database, [detour]);
  await start(agency.database, "detour", "1", {});
  const { state, steps } = await ended("1", "detour");
  expect(state).toBe("done");
  expect(steps.at(-1)).toMatchObject({ name: "go", result: { way: "by road" } });
});

test("a pause is over at its time, however often the code has run anew", async () => {
  let runs = 0;
  const nap = saga(travel, "nap", {
    input: nothing,
    run: async ({ pause, step }) => {
      runs += 1;
      await pause("a while", 30);
      await step("wake", { run: async () => "up" });
    },
  });
  await using agency = await openAgency(database, [nap]);
  await start(agency.database, "nap", "1", {});
  expect((await ended("1", "nap")).steps.map(({ name, kind }) => [name, kind])).toEqual([
    ["a while", "wait"],
    ["wake", "outside"],
  ]);
  expect(runs).toBeGreaterThan(1);
});

const Paid = event("bank.Paid", { key: "trip", versions: { "1.0.0": z.object({ trip: z.string(), cents: z.int() }) } });
const club = domain("travel", {
  owner: team("Agents", { contact: "#agents" }),
  capability: "Book trips",
  needs: [need(Paid, "1.0.0")],
});
const paying = (timeoutMs: number) =>
  saga(club, "paying", {
    input: nothing,
    waits: { "bank.Paid": ({ trip }) => trip },
    run: async ({ waitFor, step, abort }) => {
      const first = await waitFor("first", ["bank.Paid"], { timeoutMs });
      if (first === undefined) return abort("nobody paid");
      const second = await waitFor("second", ["bank.Paid"], { timeoutMs });
      await step("sum", { run: async () => first.data.cents + (second?.data.cents ?? 0) });
    },
  });
const paid = (id: string, cents: number) => ({
  id,
  name: "bank.Paid",
  version: "1.0.0",
  key: "rome",
  data: { trip: "rome", cents },
  at: new Date(0).toISOString(),
  seq: "1",
});

test("an event that comes is what a wait gives, also when it came before, and each event once", async () => {
  await using agency = await openAgency(database, []);
  await start(agency.database, "paying", "rome", {});
  const pay = async (id: string, cents: number) => {
    const news = sagaNewsInsert("travel", { name: "paying", key: "rome" }, paid(id, cents));
    await agency.database.begin().commit(news);
  };
  const one = "00000000-0000-4000-8000-000000000001";
  await pay(one, 1);
  await pay(one, 1);
  await using other = await openAgency(database, [paying(60_000)]);
  await until(
    async () => (await showSaga(database.admin, { domain: "travel", saga: "paying", key: "rome" })).steps.length === 2,
    "it waits for the second",
  );
  await pay("00000000-0000-4000-8000-000000000002", 41);
  other.running.wake();
  expect((await ended("rome", "paying")).steps.at(-1)).toMatchObject({ name: "sum", result: 42 });
});

test("a wait ends without an event at its time", async () => {
  await using agency = await openAgency(database, [paying(20)]);
  await start(agency.database, "paying", "rome", {});
  expect(await ended("rome", "paying")).toMatchObject({ state: "undone", reason: "nobody paid" });
});

test("whoever waits for the answer gets it as soon as it is given, and later as well", async () => {
  const refusing = saga(travel, "refusing", {
    input: nothing,
    run: async ({ step, abort }) => {
      await step("look", { run: async () => "sold out" });
      abort({ kind: "refused", refusal: "SoldOut", details: { left: 0 } });
    },
  });
  const failing = saga(travel, "failing", { input: nothing, run: async ({ abort }) => abort("no money left") });
  const silent = saga(travel, "silent", { input: nothing, run: async () => undefined });
  await using agency = await openAgency(database, [refusing, failing, silent]);
  const answer = (name: string) =>
    sagaAnswer(
      agency.database,
      { domain: "travel", name, key: "1" },
      { signal: AbortSignal.timeout(60_000), onAnswer: () => () => undefined },
    );
  for (const name of ["refusing", "failing", "silent"]) await start(agency.database, name, "1", {});
  const refused = { kind: "refused", refusal: "SoldOut", details: { left: 0 } };
  expect(await answer("refusing")).toEqual({ answer: refused, startedAt: expect.any(Date) });
  await expect(answer("failing")).rejects.toMatchObject({ code: "SAGA_ABORTED", details: { reason: "no money left" } });
  await expect(answer("silent")).rejects.toMatchObject({ code: "SAGA_UNANSWERED" });
  await expect(answer("refusing")).resolves.toMatchObject({ answer: { refusal: "SoldOut" } });
});

test("code with a mistake stands still after some tries, and goes on with better code", async () => {
  const broken = saga(travel, "trip", {
    input: z.object({ stops: z.int(), fails: z.boolean() }),
    options: quick,
    run: async ({ step }) => {
      await step("flight 0", { run: async () => ({ booking: "b" }), undo: async () => undefined });
      throw new TypeError("undefined is not a function");
    },
  });
  const name = trip("rome");
  {
    await using agency = await openAgency(database, [broken]);
    await start(agency.database, "trip", "rome", { stops: 1, fails: false });
    await until(async () => (await showSaga(database.admin, name)).stuck !== null, "it stands still");
  }
  expect((await listSagas(database.admin, "travel", { stuck: true }))[0]).toMatchObject({
    key: "rome",
    state: "forward",
  });
  expect((await showSaga(database.admin, name)).stuck).toContain("undefined is not a function");
  await using _better = await openAgency(database, [tripSaga(openWorld(database.admin))]);
  await resumeSaga(database.admin, name);
  expect((await ended("rome")).state).toBe("done");
});

test("a saga can be aborted from outside, also one that waits; one that has ended cannot", async () => {
  await using agency = await openAgency(database, [paying(60_000)]);
  await start(agency.database, "paying", "rome", {});
  const name = { domain: "travel", saga: "paying", key: "rome" };
  await until(async () => (await showSaga(database.admin, name)).steps.length === 1, "it waits");
  await abortSaga(database.admin, name, "the customer has left");
  expect(await ended("rome", "paying")).toMatchObject({ state: "undone", reason: "the customer has left" });
  await expect(abortSaga(database.admin, name, "again")).rejects.toMatchObject({ code: "SAGA_NOT_RUNNING" });
  await expect(resumeSaga(database.admin, { ...name, key: "nowhere" })).rejects.toMatchObject({ code: "SAGA_UNKNOWN" });
});

test("steps that the code does not come to any more are not taken back by guesswork", async () => {
  const input = z.object({ stops: z.int(), fails: z.boolean() });
  const before = saga(travel, "trip", {
    input,
    run: async ({ step, pause }) => {
      await step("train", { run: async () => ({ booking: "train" }), undo: async () => undefined });
      await pause("a day", 86_400_000);
    },
  });
  const after = saga(travel, "trip", {
    input,
    run: async ({ step }) => {
      await step("plane", { run: async () => ({ booking: "plane" }) });
    },
  });
  const name = trip("rome");
  {
    await using agency = await openAgency(database, [before]);
    await start(agency.database, "trip", "rome", { stops: 1, fails: false });
    await until(async () => (await showSaga(database.admin, name)).steps.length === 2, "it sleeps");
  }
  await using _after = await openAgency(database, [after]);
  await abortSaga(database.admin, name, "no trains any more");
  await until(async () => (await showSaga(database.admin, name)).stuck !== null, "it stands still");
  expect((await showSaga(database.admin, name)).stuck).toMatch(/SAGA_CODE_CHANGED.*"train"/);
});

test("two steps of one name, a step that hangs and code that hangs are told apart", async () => {
  const never = new Promise<never>(() => undefined);
  const options = { ...quick, attemptsMax: 2, stepTimeoutMs: 60 };
  const twice = saga(travel, "twice", {
    input: nothing,
    options,
    run: async ({ step }) => {
      await step("a", { run: async () => 1 });
      await step("a", { run: async () => 2 });
    },
  });
  const slow = saga(travel, "slow", {
    input: nothing,
    options,
    run: async ({ step }) => step("a", { run: () => never }),
  });
  const hanging = saga(travel, "hanging", { input: nothing, options, run: async () => never });
  await using agency = await openAgency(database, [twice, slow, hanging]);
  for (const name of ["twice", "slow", "hanging"]) await start(agency.database, name, "1", {});
  const stuck = async (name: string) => {
    const look = () => showSaga(database.admin, { domain: "travel", saga: name, key: "1" });
    await until(async () => (await look()).stuck !== null, `${name} stands still`);
    return (await look()).stuck;
  };
  expect(await stuck("twice")).toContain("SAGA_STEP_INVALID");
  expect(await stuck("hanging")).toContain("SAGA_HANGS");
  const { steps, reason } = await ended("1", "slow");
  expect(steps[0]?.error).toContain("SAGA_STEP_TIMED_OUT");
  expect(reason).toContain('The step "a" failed');
});
