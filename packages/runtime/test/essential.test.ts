import { createClient } from "@polder/http";
import { type LogFields, type Logger, silentLogger } from "@polder/model";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Host, startHost } from "../src/index.ts";
import { bankWith, reportWith } from "./bank.ts";
import { homesOf, rows } from "./hosting.ts";
import { Shelf, shelfImplementation } from "./shelf.ts";

let server: TestServer;
let database: TestDatabase;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database(homesOf([bankWith(), reportWith(), shelfImplementation]));
});
afterEach(() => database[Symbol.asyncDispose]());

const told: { readonly message: string; readonly fields: LogFields | undefined }[] = [];
const tell = (message: string, fields?: LogFields): void => void told.push({ message, fields });
const logger: Logger = { ...silentLogger, info: tell, warn: tell };
const messages = (): readonly string[] => told.map(({ message }) => message);
beforeEach(() => {
  told.length = 0;
});

const shelfOf = ({ transport }: Host) => createClient(Shelf, "1.0.0", { transport });

test("a domain starts without what it can do without: its calls there fail with their code, or a fallback answers", async () => {
  const implementations = [shelfImplementation];
  await using host = await startHost({ implementations, address: database.appAddress, logger });
  expect(messages()).toEqual([
    '"shelf" starts without "bank": its calls there fail, or their fallbacks answer',
    '"shelf" starts without "weather": its calls there fail, or their fallbacks answer',
  ]);
  expect(await shelfOf(host).show({ account: "a" })).toEqual({
    ok: true,
    value: { balance: 0, because: "CALL_UNREACHABLE" },
  });
  expect(messages()).toContain("The fallback of bank.balance answered");
  await expect(shelfOf(host).sky({})).rejects.toMatchObject({
    code: "DEPENDENCY_FAILED",
    details: {
      problem: { status: 503, dependency: { api: "weather", operation: "now", code: "CALL_UNREACHABLE" } },
    },
  });
});

test("what runs in the same process is asked there, and a refusal is no failure", async () => {
  const implementations = [shelfImplementation, bankWith()];
  await using host = await startHost({ implementations, address: database.appAddress, logger });
  await database.admin.query("insert into bank.account (account, balance) values ('a', 7)");
  expect(await shelfOf(host).show({ account: "a" })).toEqual({
    ok: true,
    value: { balance: 7, because: "it was asked" },
  });
  expect(await shelfOf(host).show({ account: "b" })).toMatchObject({ ok: false, refusal: "Unknown" });
  expect(messages()).not.toContain("The fallback of bank.balance answered");
});

test("in the same process a broken domain has fallbacks and a bulkhead as well, and no query is sent twice", async () => {
  const entered = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  let runs = 0;
  const balance = async (): Promise<never> => {
    runs += 1;
    entered.resolve();
    await release.promise;
    throw new Error("out of luck");
  };
  const implementations = [shelfImplementation, bankWith({ balance })];
  const calls = { concurrentMax: 1, queueMax: 0, attemptsMax: 5, failuresMax: 1 };
  await using host = await startHost({ implementations, address: database.appAddress, calls });
  const broken = shelfOf(host).show({ account: "a" });
  await entered.promise;
  expect(await shelfOf(host).show({ account: "a" })).toMatchObject({ value: { because: "CALL_BULKHEAD_FULL" } });
  release.resolve();
  expect(await broken).toMatchObject({ value: { because: "CALL_FAILED" } });
  // Neither repeated nor kept from trying: there is no breaker inside a process.
  expect(await shelfOf(host).show({ account: "a" })).toMatchObject({ value: { because: "CALL_FAILED" } });
  expect(runs).toBe(2);
});

test("what is essential is missed at the start, and what is not is not named", async () => {
  const implementations = [shelfImplementation, reportWith()];
  await expect(startHost({ implementations, address: database.appAddress })).rejects.toMatchObject({
    code: "DOMAIN_UNKNOWN",
    details: { domains: ["bank"], known: ["shelf", "report"] },
  });
  expect(await rows(database.admin, "select from shelf._instance")).toEqual([]);
});
