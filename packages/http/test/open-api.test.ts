import { Ajv2020 } from "ajv/dist/2020.js";
import addFormatsModule from "ajv-formats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDispatcher, type HttpServer, openApiOf, serveHttp } from "../src/index.ts";
import { Inventory, type ServedInventory, serveInventory } from "./inventory.ts";

const document = openApiOf(Inventory, "1.1.0", { audience: "domains" });
const paths = document["paths"] as Readonly<Record<string, Readonly<Record<string, { responses: object }>>>>;
const ajv = new Ajv2020({ strict: false });
(addFormatsModule as unknown as (instance: Ajv2020) => void)(ajv);
ajv.addSchema({ ...document, $id: "urn:polder:document" });

let inventory: ServedInventory;
let server: HttpServer;

beforeAll(async () => {
  inventory = serveInventory();
  server = await serveHttp({ dispatcher: createDispatcher({ served: [inventory.served] }), port: 0 });
});
afterAll(() => server[Symbol.asyncDispose]());

const put = { "content-type": "application/json" };
const json = (body: unknown) => ({ headers: put, body: JSON.stringify(body) });

test.each<[status: number, method: string, template: string, path: string, init?: RequestInit]>([
  [200, "GET", "/availability/{sku}", "/availability/a%2Fb"],
  [400, "GET", "/availability/{sku}", "/availability/a?unknown=1"],
  [404, "GET", "/availability/{sku}", "/availability/a", { headers: { "polder-version": "3.0.0" } }],
  [200, "POST", "/reservations", "/reservations", json({ sku: "a" })],
  [400, "POST", "/reservations", "/reservations", json({ sku: "a", quantity: 0 })],
  [400, "POST", "/reservations", "/reservations", { headers: put, body: "{" }],
  [409, "POST", "/reservations", "/reservations", json({ sku: "a", quantity: 9 })],
  [413, "POST", "/reservations", "/reservations", json({ sku: "a".repeat(1_100_000) })],
  [415, "POST", "/reservations", "/reservations", { body: "a" }],
  [204, "DELETE", "/reservations/{reservationId}", "/reservations/r"],
  [500, "POST", "/misbehave", "/misbehave", json({ how: "throw an error" })],
  [500, "POST", "/misbehave", "/misbehave", json({ how: "refuse undeclared" })],
  [500, "POST", "/misbehave", "/misbehave", json({ how: "throw the error of another call" })],
])("the document describes the answer %i of %s %s", async (status, method, template, path, init = {}) => {
  const answer = await fetch(`${server.url}/inventory/v1${path}`, { method, ...init });
  const text = await answer.text();
  expect({ status: answer.status, text }).toMatchObject({ status });
  const { responses } = paths[`/inventory/v1${template}`]?.[method.toLowerCase()] ?? { responses: {} };
  expect(responses).toHaveProperty(String(status));
  if (status === 204) return;
  const mediaType = status === 200 ? "application/json" : "application/problem+json";
  expect(answer.headers.get("content-type")).toBe(mediaType);
  const tokens = ["paths", `/inventory/v1${template}`, method.toLowerCase(), "responses", status];
  const pointer = [...tokens, "content", mediaType, "schema"].map(
    (token) => `/${encodeURIComponent(String(token).replaceAll("~", "~0").replaceAll("/", "~1"))}`,
  );
  const validate = ajv.getSchema(`urn:polder:document#${pointer.join("")}`);
  expect(validate?.(JSON.parse(text)), JSON.stringify(validate?.errors)).toBe(true);
  const { code } = JSON.parse(text) as { readonly code?: string };
  const { description } = (responses as Record<string, { description: string }>)[status] ?? { description: "" };
  if (code !== undefined) expect(description).toContain(`\`${code}\``);
});
