import { isPolderError } from "@polder/model";
import { type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { subjectOf } from "../src/index.ts";
import { type RegistryServer, startTestRegistry } from "./registry-server.ts";

let server: TestServer;
let running: RegistryServer;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  running = await startTestRegistry(server);
});
afterEach(() => running[Symbol.asyncDispose]());

const CLIENTS = 16;
const clients = Array.from({ length: CLIENTS }, (_, client) => client);
const record = (...names: readonly string[]) => ({
  schema: JSON.stringify({
    type: "record",
    name: "R",
    fields: names.map((name) => ({ name, type: "string", default: "" })),
  }),
});
const register = (subject: string, body: object) => running.ask("POST", `/subjects/${subject}/versions`, body);

test("the same content from many clients at once is one version with one id", async () => {
  const answers = await Promise.all(clients.map(() => register("orders", record("a"))));
  const [first] = answers;
  expect(first).toMatchObject({ status: 200, body: { id: 1, version: 1 } });
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect((await running.ask("GET", "/subjects/orders/versions")).body).toEqual([1]);
});

test("the same content for many subjects at once is one id", async () => {
  const answers = await Promise.all(clients.map((client) => register(`s${client}`, record("a"))));
  expect(answers.map(({ body }) => body)).toEqual(clients.map(() => expect.objectContaining({ id: 1, version: 1 })));
});

test("different contents of one subject at once are versions and ids without gaps", async () => {
  const answers = await Promise.all(clients.map((client) => register("orders", record("a", `b${client}`))));
  const counted = clients.map((client) => client + 1);
  const numbers = (field: string) => answers.map(({ body }) => Reflect.get(body as object, field) as number);
  expect(numbers("version").sort((a, b) => a - b)).toEqual(counted);
  expect(numbers("id").sort((a, b) => a - b)).toEqual(counted);
});

test("what is refused uses up no id", async () => {
  await register("orders", record("a"));
  const refusals = await Promise.all([
    register("orders", { schema: '"int"' }),
    register("orders", { schema: "{" }),
    register("orders", { ...record("b"), references: [{ name: "x", subject: "none", version: 1 }] }),
  ]);
  expect(refusals.map(({ status }) => status)).toEqual([409, 422, 422]);
  expect((await register("others", record("c"))).body).toMatchObject({ id: 2 });
});

test("a version is not deleted while somebody registers a schema that uses it", async () => {
  for (const round of clients) {
    const address = `address-${round}`;
    await register(address, { schemaType: "JSON", schema: "{}" });
    const references = [{ name: "address", subject: address, version: 1 }];
    const schema = `{"$ref":"address","title":"${round}"}`;
    const [used, deleted] = await Promise.all([
      register(`person-${round}`, { schemaType: "JSON", schema, references }),
      running.registry.deleteSubject(subjectOf(address), { isPermanent: false }).then(
        () => "deleted",
        (error: unknown) => isPolderError(error) && (error.details as { errorCode: number }).errorCode,
      ),
    ]);
    expect([
      [200, 42206],
      [422, "deleted"],
    ]).toContainEqual([used.status, deleted]);
  }
});
