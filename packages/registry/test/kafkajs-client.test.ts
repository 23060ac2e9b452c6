import type * as Confluent from "@confluentinc/schemaregistry";
import { COMPATIBILITY, SchemaRegistry, SchemaType } from "@kafkajs/confluent-schema-registry";
import { type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openConfluent } from "./confluent-package.ts";
import { type RegistryServer, startTestRegistry } from "./registry-server.ts";

const confluent = openConfluent();
const { JsonDeserializer, JsonSerializer, SchemaRegistryClient, SerdeType } =
  confluent.load<typeof Confluent>("@confluentinc/schemaregistry");

let server: TestServer;
let running: RegistryServer;
let kafkajs: SchemaRegistry;

beforeAll(async () => {
  server = await testServer();
  running = await startTestRegistry(server);
  kafkajs = new SchemaRegistry({ host: running.url, retry: { retries: 0 } });
});
afterAll(async () => {
  confluent[Symbol.dispose]();
  await running[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const order = {
  type: "object",
  properties: { orderId: { type: "string" }, quantity: { type: "integer" } },
  required: ["orderId", "quantity"],
  additionalProperties: false,
};
const jsonOrder = { type: SchemaType.JSON, schema: JSON.stringify(order) } as const;
const avroOrder = { type: "record", name: "Order", namespace: "shop", fields: [{ name: "orderId", type: "string" }] };
const protoOrder = 'syntax = "proto3"; package shop; message Order { string orderId = 1; }';

test("kafkajs registers, encodes and decodes JSON, Avro and Protobuf", async () => {
  const json = await kafkajs.register(jsonOrder, { subject: "kafkajs-json-value" });
  const value = { orderId: "o-1", quantity: 2 };
  expect(await kafkajs.decode(await kafkajs.encode(json.id, value))).toEqual(value);
  const avro = await kafkajs.register({ type: SchemaType.AVRO, schema: JSON.stringify(avroOrder) });
  expect(await kafkajs.decode(await kafkajs.encode(avro.id, { orderId: "o-1" }))).toMatchObject({ orderId: "o-1" });
  const proto = await kafkajs.register({ type: SchemaType.PROTOBUF, schema: protoOrder }, { subject: "proto-value" });
  expect(await kafkajs.decode(await kafkajs.encode(proto.id, { orderId: "o-1" }))).toMatchObject({ orderId: "o-1" });
  expect(new Set([json.id, avro.id, proto.id]).size).toBe(3);
});

test("kafkajs finds what is registered, and sets the compatibility of a new subject", async () => {
  const { id } = await kafkajs.register(jsonOrder, {
    subject: "found-value",
    compatibility: COMPATIBILITY.FULL_TRANSITIVE,
  });
  expect(await kafkajs.getLatestSchemaId("found-value")).toBe(id);
  expect(await kafkajs.getRegistryId("found-value", 1)).toBe(id);
  expect(await kafkajs.getRegistryIdBySchema("found-value", jsonOrder)).toBe(id);
  expect((await running.ask("GET", "/config/found-value")).body).toEqual({ compatibilityLevel: "FULL_TRANSITIVE" });
  // Of what is not compatible it learns why.
  await running.ask("PUT", "/config/found-value", { compatibility: "BACKWARD" });
  const changed = { type: SchemaType.JSON, schema: JSON.stringify({ type: "string" }) } as const;
  await expect(kafkajs.register(changed, { subject: "found-value" })).rejects.toMatchObject({ status: 409 });
});

test("kafkajs and Confluent's client read each other's bytes", async () => {
  const topic = "orders";
  const value = { orderId: "o-2", quantity: 3 };
  const confluent = new SchemaRegistryClient({ baseURLs: [running.url], cacheCapacity: 100 });
  const { id } = await kafkajs.register(jsonOrder, { subject: `${topic}-value` });
  const serializer = new JsonSerializer(confluent, SerdeType.VALUE, { useLatestVersion: true, validate: true });
  const deserializer = new JsonDeserializer(confluent, SerdeType.VALUE, {});
  const theirs = await serializer.serialize(topic, value);
  expect(await kafkajs.decode(theirs)).toEqual(value);
  const ours = await kafkajs.encode(id, value);
  expect(await deserializer.deserialize(topic, ours)).toEqual(value);
  expect([...theirs]).toEqual([...ours]);
});
