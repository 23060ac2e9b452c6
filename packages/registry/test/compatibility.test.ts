import { type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { compatibilityLevels } from "../src/index.ts";
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

const json = (schema: object, more: { readonly metadata?: object; readonly references?: readonly object[] } = {}) => ({
  schemaType: "JSON",
  schema: JSON.stringify(schema),
  ...more,
});
const proto = (text: string) => ({ schemaType: "PROTOBUF", schema: `syntax = "proto3"; ${text}` });
const text = { type: "string" };

interface Answer {
  readonly is_compatible: boolean;
  readonly messages: readonly string[];
}

async function register(subject: string, body: object): Promise<void> {
  const { status, body: answer } = await running.ask("POST", `/subjects/${subject}/versions`, body);
  expect([status, answer]).toEqual([200, expect.anything()]);
}

async function check(subject: string, body: object): Promise<Answer> {
  const path = `/compatibility/subjects/${subject}/versions?verbose=true`;
  return (await running.ask("POST", path, body)).body as Answer;
}

/** The kinds of differences that an answer names. */
function named({ messages }: Answer): readonly string[] {
  return messages.flatMap((message) => /errorType:"([A-Z_]+)"/.exec(message)?.[1] ?? []);
}

describe("JSON Schemas of strangers", () => {
  const object = (properties: object, more: object = {}) => json({ type: "object", properties, ...more });

  test("are compared as Confluent does, at every level and by both policies", async () => {
    await register("orders", object({ id: text }));
    const added = object({ id: text, note: text });
    const answers = async (policy: string) => {
      const all: Record<string, boolean> = {};
      for (const compatibility of compatibilityLevels) {
        await running.ask("PUT", "/config/orders", { compatibility, compatibilityPolicy: policy });
        all[compatibility] = (await check("orders", added)).is_compatible;
      }
      return all;
    };
    expect(await answers("STRICT")).toEqual({
      NONE: true,
      BACKWARD: false,
      BACKWARD_TRANSITIVE: false,
      FORWARD: true,
      FORWARD_TRANSITIVE: true,
      FULL: false,
      FULL_TRANSITIVE: false,
    });
    expect(Object.values(await answers("LENIENT"))).toEqual(compatibilityLevels.map(() => true));
  });

  test("are refused with the names of differences and their places", async () => {
    await register("orders", object({ id: text }));
    const { messages } = await check("orders", object({ id: { type: "integer" }, note: text }));
    expect(messages).toEqual([
      `{errorType:"TYPE_CHANGED", description:"At '#/properties/id', from the schema that writes to the one that reads: type changed"}`,
      `{errorType:"OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", description:"At '#/properties/note', from the schema that writes to the one that reads: optional property added to open content model"}`,
      "{oldSchemaVersion: 1}",
      `{oldSchema: '${object({ id: text }).schema}'}`,
      "{compatibility: 'BACKWARD'}",
    ]);
  });

  test("may have keywords of others, which say nothing", async () => {
    await register("orders", object({ id: text }));
    const tagged = object({ id: { ...text, "confluent:tags": ["PII"], mine: true } }, { "x-mine": 1 });
    expect(await check("orders", tagged)).toMatchObject({ is_compatible: true });
  });

  test("are compared with all that they refer to in other subjects", async () => {
    await register("land", json({ enum: ["nl"] }));
    await register("address", {
      ...object({ land: { $ref: "land.json" } }),
      references: [{ name: "land.json", subject: "land", version: 1 }],
    });
    const using = (version: number) => ({
      ...object({ home: { $ref: "address.json" } }),
      references: [{ name: "address.json", subject: "address", version }],
    });
    await register("person", using(1));
    await register("land", json({ enum: ["nl", "be"] }));
    await register("address", {
      ...object({ land: { $ref: "land.json" } }),
      references: [{ name: "land.json", subject: "land", version: 2 }],
    });
    expect(await check("person", using(2))).toMatchObject({ is_compatible: true });
    await running.ask("PUT", "/config/person", { compatibility: "FORWARD" });
    const refused = await check("person", using(2));
    expect(named(refused)).toEqual(["ENUM_ARRAY_NARROWED"]);
    expect(refused.messages[0]).toContain("#/properties/home/properties/land/enum");
  });
});

describe("JSON Schemas of contracts", () => {
  const of = (part: string, schema: object) =>
    json(
      { type: "object", additionalProperties: false, ...schema },
      { metadata: { properties: { "polder.contract": "order.OrderPlaced", "polder.part": part } } },
    );
  const before = { properties: { id: text }, required: ["id"] };
  const after = { ...before, properties: { id: text, note: text } };

  test("are compared by what their readers take, shown by a value", async () => {
    await running.ask("PUT", "/config", { compatibility: "FULL_TRANSITIVE" });
    await register("order.OrderPlaced.v1-value", of("value", before));
    expect(await check("order.OrderPlaced.v1-value", of("value", after))).toMatchObject({ is_compatible: true });
    const changed = await check("order.OrderPlaced.v1-value", of("value", { properties: { id: { type: "integer" } } }));
    expect(named(changed)).toEqual(["VALUE_NOT_TAKEN", "VALUE_NOT_TAKEN"]);
    // What says nothing of itself is another version of the same contract.
    const { metadata: _, ...silent } = of("value", { properties: { id: { type: "integer" } } });
    expect(named(await check("order.OrderPlaced.v1-value", silent))).toContain("VALUE_NOT_TAKEN");
  });

  test("are read strictly where they are requests", async () => {
    await register("order.place.v1-input", of("input", before));
    expect(await check("order.place.v1-input", of("input", after))).toMatchObject({ is_compatible: true });
    await running.ask("PUT", "/config", { compatibility: "FORWARD" });
    expect(named(await check("order.place.v1-input", of("input", after)))).toEqual(["VALUE_NOT_TAKEN"]);
  });

  test("do not fit where nobody can tell", async () => {
    await register("orders", of("value", before));
    expect(named(await check("orders", of("value", { ...before, myKeyword: true })))).toContain("UNDECIDED");
  });
});

test("Protobuf schemas are compared by what is on the wire", async () => {
  const kept = "message A { string a = 1; B b = 2; repeated int32 c = 3; } message B { int32 n = 1; }";
  await register("wire", proto(kept));
  const found = async (changed: string) => named(await check("wire", proto(changed)));
  const cases: readonly (readonly [changed: string, differences: readonly string[]])[] = [
    [kept.replace("string a = 1;", "string renamed = 1; string more = 4;"), []],
    [kept.replace("string a = 1;", ""), []],
    [kept.replace("string a", "bytes a").replace("int32 n", "int64 n"), []],
    [kept.replace("string a", "int32 a"), ["FIELD_SCALAR_KIND_CHANGED"]],
    [kept.replace("string a", "B a"), ["FIELD_KIND_CHANGED"]],
    [kept.replace("B b", "A b"), ["FIELD_NAMED_TYPE_CHANGED"]],
    [kept.replace("repeated ", ""), ["FIELD_NUMERIC_LABEL_CHANGED"]],
    [`package p; ${kept}`, []],
    ["message A { string a = 1; }", ["MESSAGE_REMOVED"]],
    [
      kept.replace("string a = 1; B b = 2;", "oneof one { string a = 1; B b = 2; }"),
      ["MULTIPLE_FIELDS_MOVED_TO_ONEOF"],
    ],
  ];
  for (const [changed, differences] of cases) expect([changed, await found(changed)]).toEqual([changed, differences]);

  const choice = "message C { oneof one { string a = 1; string b = 2; } optional string d = 3; }";
  await register("choice", proto(choice));
  expect(named(await check("choice", proto(choice.replace("string b = 2;", ""))))).toEqual(["ONEOF_FIELD_REMOVED"]);
  expect(named(await check("choice", proto(choice.replace("optional string d = 3;", ""))))).toEqual([]);

  const older = (fields: string) => ({ schemaType: "PROTOBUF", schema: `syntax = "proto2"; message D { ${fields} }` });
  await register("older", older("required string a = 1;"));
  expect(named(await check("older", older("required string b = 2;")))).toEqual([
    "REQUIRED_FIELD_REMOVED",
    "REQUIRED_FIELD_ADDED",
  ]);
});
