import { isDeepStrictEqual } from "node:util";
import { provision } from "@polder/postgres";
import { type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { REGISTRY_ROLE, registrySystemSteps, startRegistry } from "../src/index.ts";

let server: TestServer;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

test("a registry starts where it was provisioned, keeps what it has, and can do nothing else there", async () => {
  await using database = await server.database();
  const { admin, password } = database;
  const address = { ...database.address, user: REGISTRY_ROLE, password: password(REGISTRY_ROLE) };
  const provisioned = () => provision({ admin, homes: [], scopes: [registrySystemSteps()], password });
  await provisioned();
  await expect(
    startRegistry({ address: { ...database.address, user: REGISTRY_ROLE, password: "wrong" } }),
  ).rejects.toMatchObject({ code: "POSTGRES_AUTH_FAILED" });
  for (const version of [1, 2]) {
    await using registry = await startRegistry({ address });
    expect(registry.url).toMatch(/\/registry$/);
    const body = JSON.stringify({ schema: `{"type":"fixed","name":"F","size":4,"doc":"${version}"}` });
    const answer = await fetch(`${registry.url}/subjects/a/versions`, { method: "POST", body });
    expect(await answer.json()).toMatchObject({ id: version, version });
  }
  // A second run has nothing to do, and finds nothing strange.
  expect(await provisioned()).toMatchObject({ statements: [], drift: [] });
});

test("a registry does not start in a database without its tables", async () => {
  await using database = await server.database();
  await expect(startRegistry({ address: database.address })).rejects.toMatchObject({ code: "NOT_PROVISIONED" });
});

test("what goes wrong in the database is told without its details, and the registry goes on", async () => {
  await using database = await server.database();
  const { admin, password } = database;
  await provision({ admin, homes: [], scopes: [registrySystemSteps()], password });
  const address = { ...database.address, user: REGISTRY_ROLE, password: password(REGISTRY_ROLE) };
  await using registry = await startRegistry({ address });
  const list = async () => {
    const answer = await fetch(`${registry.url}/subjects`);
    return { status: answer.status, body: await answer.json() };
  };
  await admin.query("alter table polder.registry_version rename to gone");
  expect(await list()).toEqual({ status: 500, body: { error_code: 500, message: "Internal Server Error" } });
  await admin.query("alter table polder.gone rename to registry_version");
  await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'registry_app' and datname = current_database()",
  );
  await until(async () => (await list()).status === 200, "the registry has a connection again");
});

test("a registry without its database answers 50001, and is there again with it", async () => {
  await using own = await testServer({ own: "registry", durable: true });
  await using database = await own.database();
  const { admin, password } = database;
  await provision({ admin, homes: [], scopes: [registrySystemSteps()], password });
  const address = { ...database.address, user: REGISTRY_ROLE, password: password(REGISTRY_ROLE) };
  await using registry = await startRegistry({ address });
  const list = async () => {
    const answer = await fetch(`${registry.url}/subjects`);
    return { status: answer.status, body: await answer.json() };
  };
  const restarting = own.restart();
  const trouble = { status: 500, body: { error_code: 50001, message: "Error in the backend data store" } };
  await until(async () => isDeepStrictEqual(await list(), trouble), "the registry has noticed");
  await restarting;
  await until(async () => (await list()).status === 200, "the registry has its database again");
});
