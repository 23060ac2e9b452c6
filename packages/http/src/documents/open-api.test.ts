import { api, command, domain, query, team } from "@polder/model";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { openApiOf } from "../index.ts";

const sku = z.string().min(1);
const Address = z.object({ street: z.string(), floor: z.int().default(0) }).meta({ id: "Address" });

const Goods = api("goods", {
  versions: {
    "2.1.0": {
      find: query("GET /goods/:sku/in/:shelf", {
        input: z.object({
          sku: sku.describe("What the shop calls it"),
          shelf: z.int(),
          colour: z.array(z.string()).min(1),
          size: z.string().optional(),
        }),
        output: z.object({ sku, since: z.iso.datetime() }).nullable(),
        access: "anyone",
      }),
      send: command("POST /goods/:sku/sendings", {
        input: z.object({ sku, to: Address, quantity: z.int().default(1) }),
        output: z.object({ from: Address }),
        refusals: { Gone: z.object({ sku }) },
        access: "goods.send",
      }),
      forget: command("DELETE /goods/:sku", { input: z.object({ sku }) }),
    },
  },
});

const goods = domain("goods", {
  owner: team("Warehouse", { contact: "https://warehouse.example" }),
  capability: "Know what there is",
  publishes: [Goods],
});

// biome-ignore lint/suspicious/noExplicitAny: the tests compare parts of a document
const documentFor = (audience: "gateway" | "domains"): any => openApiOf(Goods, "2.1.0", { audience, domain: goods });

describe("for those who come through the gateway", () => {
  const document = documentFor("gateway");

  test("it names the API, its version, whom to ask, and only what is open", () => {
    expect(document).toMatchObject({
      openapi: "3.1.0",
      info: { title: "goods", version: "2.1.0", contact: { name: "Warehouse", url: "https://warehouse.example" } },
      servers: [{ url: "/" }],
      tags: [{ name: "goods", description: "Know what there is" }],
    });
    expect(Object.keys(document.paths)).toEqual(["/goods/v2/goods/{sku}/in/{shelf}", "/goods/v2/goods/{sku}/sendings"]);
  });

  test("a query has its fields in path and query string, and may answer nothing", () => {
    const { get } = document.paths["/goods/v2/goods/{sku}/in/{shelf}"];
    expect(get).toMatchObject({ operationId: "find", tags: ["goods"], summary: "Find", security: [] });
    expect(get.parameters).toEqual([
      {
        name: "sku",
        in: "path",
        required: true,
        description: "What the shop calls it",
        schema: { type: "string", minLength: 1 },
      },
      { name: "shelf", in: "path", required: true, schema: { type: "integer" } },
      {
        name: "colour",
        in: "query",
        required: true,
        style: "form",
        explode: true,
        schema: { type: "array", items: { type: "string" }, minItems: 1 },
      },
      { name: "size", in: "query", schema: { type: "string" } },
      { $ref: "#/components/parameters/notBefore" },
      { $ref: "#/components/parameters/Polder-Not-Before" },
      { $ref: "#/components/parameters/Polder-Deadline-Ms" },
      { $ref: "#/components/parameters/Polder-Version" },
    ]);
    expect(get).not.toHaveProperty("requestBody");
    const statuses = Object.keys(get.responses);
    expect(statuses).toEqual(
      expect.arrayContaining(["200", "204", "400", "401", "404", "412", "429", "500", "503", "504"]),
    );
    expect(get.responses[200].headers).not.toHaveProperty("Polder-Position");
    // It refuses nothing, asks for no permission, and has no body.
    for (const status of ["403", "409", "413", "415"]) expect(statuses).not.toContain(status);
    // What a schema library writes for itself is not in it.
    expect(JSON.stringify(document)).not.toContain('"pattern"');
    expect(JSON.stringify(document)).not.toContain(String(Number.MAX_SAFE_INTEGER));
  });

  test("a command has the rest of its fields in a closed body, and typed refusals", () => {
    const { post } = document.paths["/goods/v2/goods/{sku}/sendings"];
    expect(post).toMatchObject({ security: [{ user: ["goods.send"] }] });
    expect(post.requestBody).toEqual({
      required: true,
      content: {
        "application/json": {
          schema: {
            type: "object",
            properties: { to: { $ref: "#/components/schemas/Address" }, quantity: { type: "integer", default: 1 } },
            required: ["to"],
            additionalProperties: false,
          },
        },
      },
    });
    const { schemas } = document.components;
    expect(schemas.Address).toMatchObject({ required: ["street"], additionalProperties: false });
    // In an answer the default is there, and more fields may come: it is another schema.
    expect(schemas.SendOutputAddress).toMatchObject({ required: ["street", "floor"] });
    expect(schemas.SendOutputAddress).not.toHaveProperty("additionalProperties");
    expect(post.responses[409].content["application/problem+json"].schema.anyOf).toEqual([
      { $ref: "#/components/schemas/GoneRefusal" },
      { $ref: "#/components/schemas/AbortedProblem" },
    ]);
    expect(schemas.GoneRefusal.properties).toMatchObject({
      code: { const: "REFUSED" },
      refusal: { const: "Gone" },
      details: { properties: { sku: { type: "string" } } },
    });
    expect(post.responses[403].description).toBe("`PERMISSION_MISSING`.");
    expect(post.responses[422].description).toContain("`IDEMPOTENCY_KEY_REUSED`");
  });
});

describe("for domains", () => {
  const document = documentFor("domains");

  test("every operation is in it, says who may come from outside, and asks for the token of a caller", () => {
    expect(document.paths["/goods/v2/goods/{sku}"].delete).toMatchObject({
      "x-access": null,
      security: [{ caller: [] }],
    });
    expect(document.paths["/goods/v2/goods/{sku}/sendings"].post).toMatchObject({ "x-access": "goods.send" });
    expect(document.components.securitySchemes).toEqual({ caller: expect.objectContaining({ name: "Polder-Caller" }) });
  });

  test("what has all its fields in the path has no body, and answers nothing", () => {
    const { delete: forget } = document.paths["/goods/v2/goods/{sku}"];
    expect(forget).not.toHaveProperty("requestBody");
    expect(forget.responses).not.toHaveProperty("200");
    expect(forget.responses[204]).toMatchObject({ description: "Done; there is nothing to say." });
    expect(forget.responses[401].description).toContain("CALLER_FORGED");
    expect(forget.responses[401].description).not.toContain("USER_");
  });
});

test("a version that is deprecated says so, with its end", () => {
  const deprecated = { "2": { since: "2030-01-01", sunset: "2031-01-01", notice: "Call version 3." } };
  const document = openApiOf({ ...Goods, deprecated } as typeof Goods, "2.1.0", { audience: "gateway" });
  expect(document).toMatchObject({
    info: { description: "Deprecated since 2030-01-01, served until 2031-01-01. Call version 3." },
    paths: {
      "/goods/v2/goods/{sku}/sendings": {
        post: {
          deprecated: true,
          "x-sunset": "2031-01-01",
          responses: {
            400: { headers: { Deprecation: { $ref: "#/components/headers/Deprecation" } } },
            404: { headers: { Sunset: { $ref: "#/components/headers/Sunset" } } },
          },
        },
      },
    },
  });
  expect(JSON.stringify(documentFor("gateway"))).not.toContain("eprecated");
});
