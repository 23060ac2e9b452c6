import { type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
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

async function registered(subject: string, body: object): Promise<void> {
  expect((await running.ask("POST", `/subjects/${subject}/versions`, body)).status).toBe(200);
}

test("Protobuf is taken as compilers write it, and given so where it is asked for", async () => {
  const text = (type: string) => ({
    schemaType: "PROTOBUF",
    schema: `syntax = "proto3"; package shop; message Order { string id = 1; ${type} amount = 2; map<string, int32> m = 3; }`,
  });
  await registered("text", text("int32"));
  const serialized = async (path: string) =>
    (await running.ask("GET", `${path}?format=serialized`)).body as { readonly schema: string };
  const { schema } = await serialized("/subjects/text/versions/1");
  expect(Buffer.from(schema, "base64").toString("latin1")).toMatch(/shop.*Order.*amount/s);
  expect(await serialized("/schemas/ids/1")).toMatchObject({ schema });
  expect((await running.ask("GET", "/schemas/ids/1")).body).toMatchObject({ schema: text("int32").schema });
  await registered("file", { schemaType: "PROTOBUF", schema });
  expect(await serialized("/subjects/file/versions/1")).toMatchObject({ schema });
  const isTaken = async (body: object) =>
    (await running.ask("POST", "/compatibility/subjects/file/versions", body)).body as object;
  expect(await isTaken(text("int64"))).toEqual({ is_compatible: true });
  expect(await isTaken(text("string"))).toEqual({ is_compatible: false });
  const lost = { schemaType: "PROTOBUF", schema: 'syntax = "proto3"; message A { Nowhere b = 1; }' };
  await registered("lost", lost);
  expect(await serialized("/subjects/lost/versions/1")).toMatchObject({ schema: lost.schema });
  const other = Buffer.from("no file").toString("base64");
  expect(await running.ask("POST", "/subjects/file/versions", { schemaType: "PROTOBUF", schema: other })).toMatchObject(
    { body: { error_code: 42201 } },
  );
});
