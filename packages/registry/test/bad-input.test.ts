import { isPolderError } from "@polder/model";
import { type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { registryErrors, type SchemaRequest, subjectOf } from "../src/index.ts";
import { type RegistryServer, startTestRegistry } from "./registry-server.ts";

let server: TestServer;
let running: RegistryServer;

beforeAll(async () => {
  server = await testServer();
  running = await startTestRegistry(server);
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
// Whatever was handed in, nothing of it is there afterwards, and the registry answers.
afterEach(async () => {
  expect((await running.ask("GET", "/subjects?deleted=true")).body).toEqual([]);
  const { rows } = await running.database.admin.query("select from polder.registry_schema");
  expect(rows).toEqual([]);
});

const post = (body: unknown) => running.ask("POST", "/subjects/bad/versions", body);
const json = (schema: unknown, more: object = {}) => ({
  schemaType: "JSON",
  schema: typeof schema === "string" ? schema : JSON.stringify(schema),
  ...more,
});

async function expectRefused(body: unknown, code: number, words: RegExp): Promise<void> {
  const { status, body: answer } = await post(body);
  expect([status, answer]).toEqual([
    Number(String(code).slice(0, 3)),
    { error_code: code, message: expect.stringMatching(words) },
  ]);
}

describe("a JSON Schema", () => {
  test.each<readonly [what: string, schema: unknown, words: RegExp]>([
    ["that is no JSON", "{", /the whole: is no JSON/],
    ["that is no schema", "[]", /must be an object, true or false/],
    [
      "with a type that there is not",
      { properties: { a: { type: "text" } } },
      /\/properties\/a\/type: must be one of array/,
    ],
    ["with a bound that is no number", { items: { minimum: "1" } }, /\/items\/minimum: must be a number/],
    [
      "with required names that are none",
      { anyOf: [{}, { required: [1] }] },
      /\/anyOf\/1\/required: must be a list of names/,
    ],
    ["with a remote reference", { $ref: "https://example.com/other.json" }, /\/\$ref: "https:.*fetches none/],
    [
      "with a reference that leads nowhere",
      { $defs: { "a/b": { $ref: "#/$defs/c" } } },
      /\/\$defs\/a~1b\/\$ref: .*leads nowhere/,
    ],
    ["with a reference into a value", { title: "x", $ref: "#/title" }, /leads nowhere/],
    ["of 1,000 levels", `${'{"not":'.repeat(1_000)}{}${"}".repeat(1_000)}`, /more than 200 levels/],
    ["of 100,000 lists that do not end", "[".repeat(100_000), /more than 200 levels/],
  ])("%s is refused, with its place", async (_what, schema, words) => {
    await expectRefused(json(schema), 42201, words);
  });

  test("has all its mistakes told at once, but not more than one can read", async () => {
    const properties = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`p${index}`, { type: "x" }]));
    await expectRefused(json({ properties }), 42201, /and 30 more/);
  });

  test("of 5 MB is refused before it is read", async () => {
    await expectRefused(json({ title: "x".repeat(5_000_000) }), 42209, /larger than 3145728 bytes/);
    await expectRefused(json({ title: "x".repeat(1_100_000) }), 42209, /\/schema is larger than 1048576 bytes/);
  });

  test("names schemas that are not registered, or too many of them", async () => {
    const references = [{ name: "a", subject: "none", version: 1 }];
    await expectRefused(json({ $ref: "a" }, { references }), 42201, /\/references\/0: refers to version 1 of none/);
    await expectRefused(json({}, { references: Array(101).fill(references[0]) }), 42201, /more than 100 entries/);
    await expectRefused(json({}, { references: [{ name: "a" }] }), 42201, /\/references\/0: must be an object/);
  });
});

test("Avro and Protobuf that cannot be read are refused with the reason", async () => {
  await expectRefused({ schema: '{"type":"record"}' }, 42201, /Avro schema/);
  await expectRefused({ schema: '{"type":"record","name":"A","fields":[{"name":"b","type":"B"}]}' }, 42201, /B/);
  for (const type of ["toString", "__proto__"])
    await expectRefused(
      { schema: JSON.stringify({ type: "record", name: "A", fields: [{ name: "b", type }] }) },
      42201,
      /undefined type name/,
    );
  await expectRefused({ schema: "[".repeat(1_000) }, 42201, /more than 200 levels/);
  await expectRefused({ schemaType: "PROTOBUF", schema: "message {" }, 42201, /Protobuf schema/);
  const imports = 'syntax = "proto3"; import "other.proto"; message A {}';
  await expectRefused({ schemaType: "PROTOBUF", schema: imports }, 42201, /imports "other.proto"/);
  const fields = Array.from({ length: 5_000 }, (_, index) => `int32 f${index} = ${index + 1};`).join(" ");
  for (const wide of [`message A { ${fields} }`, `message A { oneof one { ${fields} } }`])
    await expectRefused({ schemaType: "PROTOBUF", schema: wide }, 42201, /more fields than can be read in time/);
  const deep = `message A {${"message B {".repeat(1_000)}${"}".repeat(1_000)}}`;
  await expectRefused({ schemaType: "PROTOBUF", schema: deep }, 42201, /more than 200 levels/);
});

test("a request that is none is refused", async () => {
  await expectRefused("{", 400, /no JSON/);
  await expectRefused("[]", 400, /JSON object/);
  await expectRefused(`{"schema":${"[".repeat(10_000)}`, 400, /too deep/);
  await expectRefused({}, 42201, /\/schema: must be the schema as a text/);
  await expectRefused({ schema: {} }, 42201, /\/schema: must be/);
  await expectRefused({ schemaType: "XML", schema: "<a/>" }, 42201, /\/schemaType: must be one of JSON/);
  await expectRefused(json("{}\0"), 42201, /NUL/);
  await expectRefused(json({}, { metadata: { properties: { a: 1 } } }), 42201, /\/metadata\/properties/);
  await expectRefused(json({}, { ruleSet: [] }), 42210, /ruleSet must be an object/);
});

test("errors have codes of Polder for those who call from a program", async () => {
  const request: SchemaRequest = {
    type: "JSON",
    text: '{"type":"x"}',
    references: [],
    metadata: null,
    ruleSet: null,
    id: undefined,
    version: undefined,
  };
  const error: unknown = await running.registry.register(subjectOf("bad"), request).catch((caught: unknown) => caught);
  expect(isPolderError(error, "REGISTRY_SCHEMA_INVALID")).toBe(true);
  expect(error).toMatchObject({ details: { errorCode: 42201, violations: [{ pointer: "/type" }] } });
  const unknown: unknown = await running.registry.byId(".", 7).catch((caught: unknown) => caught);
  expect(unknown).toMatchObject({ code: "REGISTRY_REFUSED", details: { errorCode: 40403 } });
  expect(Object.keys(registryErrors).sort()).toEqual([
    "REGISTRY_INCOMPATIBLE",
    "REGISTRY_REFUSED",
    "REGISTRY_SCHEMA_INVALID",
  ]);
});
