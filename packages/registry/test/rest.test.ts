import { type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
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

const ask: RegistryServer["ask"] = (...request) => running.ask(...request);
const json = (schema: object, more: object = {}) => ({ schemaType: "JSON", schema: JSON.stringify(schema), ...more });
const avro = (...fields: readonly object[]) => ({ schema: JSON.stringify({ type: "record", name: "User", fields }) });
const name = { name: "name", type: "string" };
const age = { name: "age", type: "int" };
const ageOrNot = { ...age, default: 0 };

async function registered(subject: string, body: object): Promise<{ readonly id: number; readonly version: number }> {
  const { status, body: answer } = await ask("POST", `/subjects/${subject}/versions`, body);
  expect([status, answer]).toEqual([200, expect.anything()]);
  return answer as { readonly id: number; readonly version: number };
}

const refused = (code: number) => ({
  status: Number(String(code).slice(0, 3)),
  body: { error_code: code, message: expect.any(String) },
});

describe("schemas", () => {
  test("the same content has the same id in every subject; another content, or other metadata, the next one", async () => {
    const texts = ['{"type":"object"}', '{ "type" :\n"object" }'];
    const [first, again] = await Promise.all(
      texts.map((schema, index) => registered(`s${index}`, { schemaType: "JSON", schema })),
    );
    expect([first?.id, again?.id]).toEqual([1, 1]);
    expect(await registered("s0", json({ type: "object" }))).toMatchObject({ id: 1, version: 1 });
    const metadata = { properties: { owner: "sales" } };
    expect(await registered("s2", json({ type: "object" }, { metadata }))).toMatchObject({ id: 2, metadata });
    expect(await registered("s3", { schema: '{"type":"object"}', schemaType: "JSON" })).toMatchObject({ id: 1 });
  });

  test("are found by id, guid and version, with the subjects that have them", async () => {
    const body = json({ type: "object", title: "Order" });
    const { guid } = (await registered("orders-value", body)) as unknown as { readonly guid: string };
    await registered("copies-value", body);
    const schema = { schemaType: "JSON", schema: body.schema };
    expect((await ask("GET", "/schemas/ids/1")).body).toEqual(schema);
    expect((await ask("GET", "/schemas/ids/1/schema")).body).toEqual({ type: "object", title: "Order" });
    expect((await ask("GET", `/schemas/guids/${guid}`)).body).toEqual({ ...schema, guid });
    expect((await ask("GET", `/schemas/guids/${guid}/ids`)).body).toEqual([{ context: ".", id: 1 }]);
    expect((await ask("GET", "/schemas/ids/1/subjects")).body).toEqual(["copies-value", "orders-value"]);
    expect((await ask("GET", "/schemas/ids/1/versions")).body).toEqual([
      { subject: "copies-value", version: 1 },
      { subject: "orders-value", version: 1 },
    ]);
    const version = { subject: "orders-value", version: 1, id: 1, guid, ...schema };
    expect((await ask("GET", "/subjects/orders-value/versions/latest")).body).toEqual(version);
    expect((await ask("POST", "/subjects/orders-value", body)).body).toEqual(version);
    expect((await ask("GET", "/schemas?subjectPrefix=orders")).body).toEqual([version]);
    expect((await ask("GET", "/schemas/types")).body).toEqual(["JSON", "PROTOBUF", "AVRO"]);
    for (const path of ["ids/2", "ids/2/subjects", `guids/${guid.replace(/^./, "0")}`, "guids/none"])
      expect(await ask("GET", `/schemas/${path}`)).toEqual(refused(40403));
  });

  test("keep numbers and the order of keys as they were written", async () => {
    const schema = '{"type":"number","maximum":12345678901234567890,"2":0,"1":1.0}';
    await registered("numbers", { schemaType: "JSON", schema });
    expect((await ask("GET", "/subjects/numbers/versions/1")).body).toMatchObject({ schema });
  });

  test("are normalised where it is asked for, or set", async () => {
    const normal = '{"maxLength":3,"type":"string"}';
    const schema = '{"type":"string","maxLength":3}';
    const body = { schemaType: "JSON", schema };
    expect((await ask("POST", "/subjects/a/versions?normalize=true", body)).body).toMatchObject({ schema: normal });
    await ask("PUT", "/config/b", { normalize: true });
    expect(await registered("b", body)).toMatchObject({ id: 1, schema: normal });
    expect(await ask("POST", "/subjects/a", body)).toEqual(refused(40403));
    expect((await ask("POST", "/subjects/a?normalize=true", body)).status).toBe(200);
  });

  test("use others, which cannot be deleted meanwhile", async () => {
    await registered("address", json({ type: "object" }));
    const references = [{ name: "address.json", subject: "address", version: 1 }];
    const { id } = await registered("person", json({ properties: { home: { $ref: "address.json" } } }, { references }));
    expect((await ask("GET", "/subjects/person/versions/1")).body).toMatchObject({ references });
    expect((await ask("GET", "/subjects/address/versions/1/referencedby")).body).toEqual([id]);
    expect(await ask("DELETE", "/subjects/address/versions/1")).toEqual(refused(42206));
    expect(await ask("DELETE", "/subjects/address")).toEqual(refused(42206));
    await ask("DELETE", "/subjects/person");
    expect((await ask("DELETE", "/subjects/address")).body).toEqual([1]);
    expect(await ask("DELETE", "/subjects/address?permanent=true")).toEqual(refused(42206));
  });

  test("use no more of others than can be read each time", async () => {
    const references: object[] = [];
    for (let index = 0; index < 9; index += 1) {
      await registered(`part${index}`, json({ title: `${index}${"x".repeat(1_000_000)}` }));
      references.push({ name: `part${index}`, subject: `part${index}`, version: 1 });
    }
    await registered("whole", json({ type: "object" }, { references: references.slice(0, 8) }));
    expect(await ask("POST", "/subjects/whole/versions", json({ type: "object" }, { references }))).toEqual({
      status: 422,
      body: {
        error_code: 42201,
        message: expect.stringContaining("/references: lead to more than 8388608 characters"),
      },
    });
  });

  test("take metadata and rules from the version before, and from the configuration", async () => {
    const metadata = { properties: { owner: "sales", version: "1.0.0" }, tags: { "order.name": ["PII"] } };
    const ruleSet = { domainRules: [{ name: "check", kind: "CONDITION", mode: "WRITE", type: "CEL", expr: "true" }] };
    await registered("orders", { ...avro(name), metadata, ruleSet });
    expect(await registered("orders", avro(name, ageOrNot))).toMatchObject({ version: 2, metadata, ruleSet });
    expect(await registered("orders", avro(name))).toMatchObject({ version: 1 });
    // As it was registered, and as a client looks for it that knows the schema alone.
    expect((await ask("POST", "/subjects/orders", avro(name, ageOrNot))).body).toMatchObject({ version: 2 });
    const overridden = { overrideMetadata: { properties: { version: "9.0.0" } } };
    await ask("PUT", "/config/orders", overridden);
    expect(await registered("orders", avro(name, { ...ageOrNot, doc: "in years" }))).toMatchObject({
      metadata: { ...metadata, properties: { owner: "sales", version: "9.0.0" } },
    });
    expect((await ask("GET", "/subjects/orders/metadata?key=version&value=1.0.0")).body).toMatchObject({ version: 2 });
    expect(await ask("GET", "/subjects/orders/metadata?key=version&value=2.0.0")).toEqual(refused(40403));
    const rules = { domainRules: [{ name: "", mode: "SOMETIMES" }] };
    expect(await ask("POST", "/subjects/orders/versions", { ...avro(name), ruleSet: rules })).toEqual(refused(42210));
  });
});

describe("compatibility", () => {
  test("of Avro is what a reader can resolve, in both directions", async () => {
    await registered("users", avro(name, age));
    const check = async (level: string, body: object) => {
      await ask("PUT", "/config/users", { compatibility: level });
      const { body: answer } = await ask("POST", "/compatibility/subjects/users/versions/latest?verbose=true", body);
      return (answer as { readonly is_compatible: boolean }).is_compatible;
    };
    const added = avro(name, age, { name: "email", type: "string" });
    const addedWithDefault = avro(name, age, { name: "email", type: "string", default: "" });
    const levels = [
      "NONE",
      "BACKWARD",
      "FORWARD",
      "FULL",
      "BACKWARD_TRANSITIVE",
      "FORWARD_TRANSITIVE",
      "full_transitive",
    ];
    const found = async (body: object) => {
      const all: boolean[] = [];
      for (const level of levels) all.push(await check(level, body));
      return all;
    };
    expect(await found(added)).toEqual([true, false, true, false, false, true, false]);
    expect(await found(addedWithDefault)).toEqual([true, true, true, true, true, true, true]);
    expect(await found(avro(name))).toEqual([true, true, false, false, true, false, false]);
  });

  test("says why not, and with which version", async () => {
    const told = {
      error_code: 409,
      message: expect.stringMatching(/incompatible with an earlier schema.*oldSchemaVersion: 1/),
    };
    await registered("users", avro(name));
    const changed = avro({ name: "name", type: "int" });
    expect(await ask("POST", "/subjects/users/versions", changed)).toEqual({ status: 409, body: told });
    const verbose = await ask("POST", "/compatibility/subjects/users/versions/1?verbose=true", changed);
    expect(verbose.body).toEqual({
      is_compatible: false,
      messages: expect.arrayContaining(["{oldSchemaVersion: 1}", "{compatibility: 'BACKWARD'}"]),
    });
    const terse = await ask("POST", "/compatibility/subjects/users/versions", changed);
    expect(terse.body).toEqual({ is_compatible: false });
    expect(await ask("POST", "/compatibility/subjects/users/versions/2", changed)).toEqual(refused(40402));
    expect((await ask("POST", "/compatibility/subjects/none/versions/latest", changed)).body).toEqual({
      is_compatible: true,
    });
    const other = await ask(
      "POST",
      "/compatibility/subjects/users/versions/latest?verbose=true",
      json({ type: "string" }),
    );
    expect(JSON.stringify(other.body)).toContain("SCHEMA_TYPE_CHANGED");
  });

  test("transitive levels look at all versions, the others at the last one", async () => {
    await registered("users", avro(name, ageOrNot));
    await registered("users", avro(name));
    const again = avro(name, { name: "age", type: "string", default: "" });
    const check = async () => (await ask("POST", "/compatibility/subjects/users/versions", again)).body;
    expect(await check()).toEqual({ is_compatible: true });
    await ask("PUT", "/config/users", { compatibility: "BACKWARD_TRANSITIVE" });
    expect(await check()).toEqual({ is_compatible: false });
    // Only versions of the same group are compared.
    await ask("PUT", "/config/users", { compatibilityGroup: "major" });
    const metadata = { properties: { major: "2" } };
    expect(await registered("users", { ...again, metadata })).toMatchObject({ version: 3 });
  });

  test("the number of the refusal can be the newer one", async () => {
    await using newer = await startTestRegistry(server, { incompatibleCode: 40901 });
    await newer.ask("POST", "/subjects/users/versions", avro(name));
    const refusal = await newer.ask("POST", "/subjects/users/versions", avro({ name: "name", type: "int" }));
    expect(refusal).toEqual({ status: 409, body: { error_code: 40901, message: expect.any(String) } });
  });

  test("compares by the comparer that it is given, with the policy of the subject", async () => {
    const seen: string[] = [];
    await using other = await startTestRegistry(server, {
      jsonComparer: {
        differences: ({ reader, writer, policy }) => {
          seen.push(`${JSON.stringify(writer.schema)} to ${JSON.stringify(reader.schema)}, ${policy}`);
          return [];
        },
      },
    });
    await other.ask("PUT", "/config", { compatibility: "FULL" });
    await other.ask("POST", "/subjects/a/versions", json({ type: "integer" }));
    await other.ask("PUT", "/config/a", { compatibilityPolicy: "lenient" });
    await other.ask("POST", "/subjects/a/versions", json({ type: "number" }));
    expect(seen).toEqual([
      '{"type":"integer"} to {"type":"number"}, LENIENT',
      '{"type":"number"} to {"type":"integer"}, LENIENT',
    ]);
  });
});

describe("deletion", () => {
  test("is soft first, then for good; and content that comes back has its id again", async () => {
    await registered("users", avro(name));
    await registered("users", avro(name, ageOrNot));
    expect((await ask("GET", "/subjects/users/versions?deletedOnly=true")).body).toEqual([]);
    expect(await ask("DELETE", "/subjects/users/versions/2?permanent=true")).toEqual(refused(40407));
    expect((await ask("DELETE", "/subjects/users/versions/latest")).body).toBe(2);
    expect(await ask("DELETE", "/subjects/users/versions/2")).toEqual(refused(40406));
    expect((await ask("GET", "/subjects/users/versions")).body).toEqual([1]);
    expect((await ask("GET", "/subjects/users/versions?deleted=true")).body).toEqual([1, 2]);
    expect((await ask("GET", "/subjects/users/versions?deletedOnly=true")).body).toEqual([2]);
    expect((await ask("GET", "/subjects/users/versions?deletedAsNegative=true")).body).toEqual([1, -2]);
    expect((await ask("GET", "/subjects/users/versions/2/referencedby")).body).toEqual([]);
    expect(await ask("GET", "/subjects/users/versions/2")).toEqual(refused(40402));
    expect((await ask("GET", "/subjects/users/versions/2?deleted=true")).body).toMatchObject({ id: 2, deleted: true });
    // Messages that were written with it can still be read.
    expect((await ask("GET", "/schemas/ids/2")).status).toBe(200);
    expect(await registered("users", avro(name, ageOrNot))).toMatchObject({ id: 2, version: 3 });
    expect(await ask("DELETE", "/subjects/users?permanent=true")).toEqual(refused(40405));
    expect((await ask("DELETE", "/subjects/users")).body).toEqual([1, 3]);
    expect(await ask("DELETE", "/subjects/users")).toEqual(refused(40404));
    expect([(await ask("GET", "/subjects")).body, (await ask("GET", "/subjects?deleted=true")).body]).toEqual([
      [],
      ["users"],
    ]);
    expect((await ask("DELETE", "/subjects/users?permanent=true")).body).toEqual([1, 2, 3]);
    for (const [method, path] of [
      ["DELETE", "/subjects/users"],
      ["GET", "/subjects/users/versions"],
      ["DELETE", "/subjects/users/versions/1"],
    ] as const)
      expect(await ask(method, path)).toEqual(refused(40401));
    expect(await ask("GET", "/schemas/ids/2")).toEqual(refused(40403));
    expect(await registered("users", avro(name, ageOrNot))).toMatchObject({ id: 2, version: 1 });
  });

  test("of a subject takes its settings along", async () => {
    await registered("users", avro(name));
    await ask("PUT", "/config/users", { compatibility: "FULL" });
    await ask("DELETE", "/subjects/users");
    expect(await ask("GET", "/config/users")).toEqual(refused(40408));
  });
});

describe("settings", () => {
  test("of the registry hold until a subject has its own", async () => {
    expect((await ask("GET", "/config")).body).toEqual({ compatibilityLevel: "BACKWARD" });
    expect((await ask("PUT", "/config", { compatibility: "full" })).body).toEqual({ compatibility: "FULL" });
    expect(await ask("GET", "/config/users")).toEqual(refused(40408));
    const inherited = async () => (await ask("GET", "/config/users?defaultToGlobal=true")).body;
    expect(await inherited()).toEqual({ compatibilityLevel: "FULL" });
    const update = { compatibility: "NONE", normalize: true, compatibilityPolicy: "LENIENT" };
    expect((await ask("PUT", "/config/users", update)).body).toEqual(update);
    await ask("PUT", "/config/users", { normalize: null });
    expect((await ask("GET", "/config/users")).body).toEqual({
      compatibilityLevel: "NONE",
      compatibilityPolicy: "LENIENT",
    });
    expect((await ask("DELETE", "/config/users")).body).toMatchObject({ compatibilityLevel: "NONE" });
    expect(await ask("DELETE", "/config/users")).toEqual(refused(40401));
    expect(await ask("PUT", "/config", { compatibility: "SOMEHOW" })).toEqual(refused(42203));
    expect(await ask("PUT", "/config", { compatibilityPolicy: "SOMEHOW" })).toEqual(refused(422));
  });

  test("the mode says what may be done with a subject", async () => {
    await registered("users", avro(name));
    expect((await ask("GET", "/mode")).body).toEqual({ mode: "READWRITE" });
    expect(await ask("GET", "/mode/users")).toEqual(refused(40409));
    expect((await ask("PUT", "/mode/users", { mode: "READONLY" })).body).toEqual({ mode: "READONLY" });
    for (const [method, path, body] of [
      ["POST", "/subjects/users/versions", avro(name, ageOrNot)],
      ["DELETE", "/subjects/users", undefined],
      ["DELETE", "/subjects/users/versions/1", undefined],
    ] as const)
      expect(await ask(method, path, body)).toEqual(refused(42205));
    expect((await ask("GET", "/mode/users?defaultToGlobal=true")).body).toEqual({ mode: "READONLY" });
    // What is there already is given, and nothing is set where nothing may be changed.
    expect(await registered("users", avro(name))).toMatchObject({ id: 1, version: 1 });
    expect(await ask("PUT", "/config/users", { compatibility: "NONE" })).toEqual(refused(42205));
    expect(await ask("DELETE", "/config/users")).toEqual(refused(42205));
    expect((await ask("DELETE", "/mode/users")).body).toEqual({ mode: "READONLY" });
    expect(await ask("DELETE", "/mode/users")).toEqual(refused(40401));
    expect((await ask("DELETE", "/mode")).body).toEqual({ mode: "READWRITE" });
    expect(await ask("PUT", "/mode", { mode: "SOMEHOW" })).toEqual(refused(42204));
    expect(await ask("PUT", "/mode/users", { mode: "IMPORT" })).toEqual(refused(42205));
  });

  test("schemas are imported with the ids and versions that they have elsewhere", async () => {
    expect(await ask("POST", "/subjects/users/versions", { ...avro(name), id: 100 })).toEqual(refused(42205));
    await ask("PUT", "/mode/users", { mode: "IMPORT" });
    expect(await ask("POST", "/subjects/users/versions", avro(name))).toEqual(refused(42205));
    const imported = { ...avro(name), id: 100, version: 7 };
    expect(await registered("users", imported)).toMatchObject({ id: 100, version: 7 });
    for (const again of [imported, avro(name)])
      expect(await registered("users", again)).toMatchObject({ id: 100, version: 7 });
    expect(await ask("POST", "/subjects/users/versions", { ...avro(name), id: 101 })).toEqual(refused(42205));
    const other = await ask("POST", "/subjects/users/versions", { ...avro(age), id: 100, version: 8 });
    expect(other).toEqual(refused(42205));
    await ask("DELETE", "/mode/users");
    expect(await registered("users", avro(name, ageOrNot))).toMatchObject({ id: 101, version: 8 });
  });
});

describe("contexts", () => {
  test("keep subjects of the same name apart", async () => {
    await registered("users", avro(name));
    expect(await registered(encodeURIComponent(":.staging:users"), avro(age))).toMatchObject({ id: 2, version: 1 });
    expect((await ask("GET", "/contexts")).body).toEqual([".", ".staging"]);
    expect((await ask("GET", "/subjects")).body).toEqual(["users", ":.staging:users"]);
    expect((await ask("GET", "/subjects?subjectPrefix=:.staging:")).body).toEqual([":.staging:users"]);
    expect((await ask("GET", "/contexts/.staging/subjects")).body).toEqual([":.staging:users"]);
    expect((await ask("GET", "/contexts/.staging/subjects/users/versions/1")).body).toMatchObject({
      subject: ":.staging:users",
      id: 2,
    });
    expect(await ask("GET", "/schemas/ids/2")).toEqual(refused(40403));
    expect((await ask("GET", "/schemas/ids/2?subject=:.staging:users")).status).toBe(200);
    expect((await ask("POST", "/contexts/staging/subjects/other/versions", avro(name))).body).toMatchObject({ id: 1 });
    await ask("PUT", "/contexts/.staging/config", { compatibility: "NONE" });
    expect((await ask("GET", "/contexts/.staging/config/users?defaultToGlobal=true")).body).toEqual({
      compatibilityLevel: "NONE",
    });
    expect((await ask("GET", "/config")).body).toEqual({ compatibilityLevel: "BACKWARD" });
    expect(await ask("DELETE", "/contexts/.staging")).toEqual(refused(42211));
    expect((await ask("DELETE", "/contexts/.empty")).status).toBe(204);
  });
});

test("what is not there is answered in their form", async () => {
  for (const path of ["/associations", "/associations/resources/-/topic?associationType=value", "/nothing"])
    expect(await ask("GET", path)).toEqual({ status: 404, body: { error_code: 404, message: "HTTP 404 Not Found" } });
  for (const root of ["", "/"]) expect(await ask("GET", root)).toEqual({ status: 200, body: {} });
  expect((await ask("POST", "/")).status).toBe(404);
  const response = await fetch(`${running.url}/subjects/none/versions`);
  expect(response.headers.get("content-type")).toBe("application/vnd.schemaregistry.v1+json");
  for (const version of ["0", "-2", "x", "2147483648"])
    expect(await ask("GET", `/subjects/users/versions/${version}`)).toEqual(refused(42202));
  expect(await ask("GET", `/subjects/${"s".repeat(501)}/versions`)).toEqual(refused(42208));
  expect(await ask("GET", "/subjects/a%00b/versions")).toEqual(refused(42208));
});

test("a name with a slash, a space and letters of all alphabets is a subject", async () => {
  const subject = "äöü/β γ%";
  await registered(encodeURIComponent(subject), avro(name));
  expect((await ask("GET", "/subjects")).body).toEqual([subject]);
});
