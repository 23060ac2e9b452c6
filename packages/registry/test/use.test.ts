import { provision } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  forgetOldUses,
  recordedTime,
  recordRetirement,
  recordUse,
  registrySystemSteps,
  retirementsOf,
  usersOf,
} from "../src/index.ts";

let server: TestServer;
let database: TestDatabase;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async ({ onTestFinished }) => {
  database = await server.database();
  onTestFinished(() => database[Symbol.asyncDispose]());
});

const daysAgo = (days: number): Date => new Date(Date.now() - days * 86_400_000);

test("uses are kept for as long as the last provisioning said", async () => {
  const { admin, password } = database;
  for (const usesDays of [undefined, 2.5]) {
    const steps = registrySystemSteps(usesDays === undefined ? {} : { usesDays });
    await provision({ admin, homes: [], scopes: [steps], password });
  }
  const use = { contract: "order", version: "1.0.0", consumer: "payment", environment: "test", calls: 1 };
  expect(await recordedTime(admin)).toBeUndefined();
  await recordUse(admin, [
    { ...use, seenAt: daysAgo(3) },
    { ...use, seenAt: daysAgo(2) },
  ]);
  expect(await forgetOldUses(admin)).toBe(1);
  expect(await usersOf(admin, { contract: "order", major: 1, since: daysAgo(9) })).toMatchObject([{ calls: 1 }]);
  expect(await recordedTime(admin, { environment: "test" })).toEqual({
    from: expect.any(Date),
    until: expect.any(Date),
  });
  expect(await recordedTime(admin, { environment: "production" })).toBeUndefined();
  // Of all environments together it is known since the last of them began.
  const [began, last] = [daysAgo(1), daysAgo(0)];
  await recordUse(admin, [
    { ...use, environment: "production", seenAt: began },
    { ...use, seenAt: last },
  ]);
  expect(await recordedTime(admin)).toEqual({ from: began, until: last });
});

test("of each major the last retirement counts; nobody is left behind without a reason", async () => {
  const { admin, password } = database;
  await provision({ admin, homes: [], scopes: [registrySystemSteps()], password });
  const users = [{ consumer: "payment", environment: "test" }];
  const decision = { contract: "order", major: 1, by: "ada", reason: null, users: [] };
  await recordRetirement(admin, decision);
  await recordRetirement(admin, { ...decision, reason: "it must", users });
  await recordRetirement(admin, { ...decision, major: 0 });
  await recordRetirement(admin, { ...decision, contract: "payment" });
  expect(await retirementsOf(admin, "order")).toEqual([
    { ...decision, major: 0, at: expect.any(Date) },
    { ...decision, reason: "it must", users, at: expect.any(Date) },
  ]);
  await expect(recordRetirement(admin, { ...decision, users })).rejects.toMatchObject({ code: "23514" });
});
