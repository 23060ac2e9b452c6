import { expect, test } from "vitest";
import { compareDocuments, describeOpenApi } from "../index.ts";

const billing = {
  openapi: "3.0.3",
  info: { title: "Billing", version: "v2.1" },
  paths: {
    "/bills/{billId}": {
      parameters: [{ name: "billId", in: "path", required: true, schema: { type: "string" } }],
      get: {
        operationId: "billById",
        parameters: [
          { $ref: "#/components/parameters/Currency" },
          { name: "X-Trace", in: "header", schema: { type: "string" } },
        ],
        responses: {
          "200": { content: { "application/json": { schema: { $ref: "#/components/schemas/Bill" } } } },
          "404": { $ref: "#/components/responses/Missing" },
        },
      },
      put: {
        security: [{ token: [] }],
        requestBody: {
          required: true,
          content: { "application/json": { schema: { $ref: "#/components/schemas/Bill" } } },
        },
        responses: { "204": {} },
      },
    },
  },
  components: {
    parameters: { Currency: { name: "currency", in: "query", schema: { type: "string", nullable: true } } },
    responses: { Missing: { content: { "application/problem+json": { schema: { type: "object" } } } } },
    schemas: {
      Bill: {
        type: "object",
        required: ["total"],
        properties: {
          total: { type: "integer" },
          parts: { type: "array", items: { $ref: "#/components/schemas/Bill" } },
        },
      },
    },
  },
};

test("operations with one input of path, query and body, answers, refusals and access", () => {
  const document = describeOpenApi(billing, "billing.json");
  expect(document).toMatchObject({ kind: "api", name: "Billing", version: "2.1.0" });
  expect(Object.keys(document.operations)).toEqual(["billById", "PUT /bills/{billId}"]);
  const bill = { type: "object", required: ["total"], properties: { total: { type: "integer" } } };
  expect(document.operations["billById"]).toMatchObject({
    kind: "query",
    method: "GET",
    path: "/bills/:billId",
    access: "anyone",
    input: { properties: { billId: { type: "string" }, currency: { type: ["string", "null"] } }, required: ["billId"] },
    output: {
      $ref: "#/$defs/Bill",
      $defs: { Bill: { ...bill, properties: { parts: { items: { $ref: "#/$defs/Bill" } } } } },
    },
    refusals: { "404": { type: "object" } },
  });
  expect(document.operations["PUT /bills/{billId}"]).toMatchObject({
    kind: "command",
    access: "signed-in",
    input: { required: ["billId", "total"], $defs: { Bill: bill } },
    output: { type: "null" },
  });
});

test("two documents of a service are compared as versions of an API", () => {
  const later = structuredClone(billing);
  later.components.schemas.Bill.properties.total.type = "string";
  const compared = compareDocuments(describeOpenApi(billing, "a"), describeOpenApi(later, "b"));
  expect(compared.step).toBe("major");
});

/** An operation that takes a body. */
function taking(schema: object, more: object = {}): unknown {
  const requestBody = { required: true, content: { "application/json": { schema } } };
  return {
    openapi: "3.0.3",
    info: { title: "Billing" },
    paths: { "/bills": { post: { operationId: "bill", requestBody, responses: {}, ...more } } },
  };
}

function changeOf(earlier: unknown, later: unknown): string {
  return compareDocuments(describeOpenApi(earlier, "a"), describeOpenApi(later, "b")).step;
}

test("words that only API descriptions have are no keywords, and bounds of 3.0 are those of JSON Schema", () => {
  const total = { type: "number", minimum: 0, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false };
  const words = { example: 3, xml: { name: "t" }, externalDocs: { url: "https://example.org" } };
  const body = {
    type: "object",
    properties: { example: { ...total, ...words } },
    discriminator: { propertyName: "a" },
  };
  const { operations } = describeOpenApi(taking(body), "billing.json");
  expect(operations["bill"]?.input["properties"]).toEqual({
    example: { type: "number", exclusiveMinimum: 0, maximum: 9, examples: [3] },
  });
  expect(changeOf(taking(body), taking(body))).toBe("none");
});

test("all that a body says is compared, not its fields alone", () => {
  const body = (inner: object): unknown => taking({ type: "object", properties: { a: { type: "string" } }, ...inner });
  const parted = (type: string): object => ({ allOf: [{ type: "object", properties: { b: { type } } }] });
  expect(changeOf(body(parted("integer")), body(parted("number")))).toBe("minor");
  expect(changeOf(body(parted("number")), body(parted("integer")))).toBe("major");
  expect(changeOf(body({}), body({ minProperties: 1 }))).toBe("major");
});

test("who may call is what all requirements ask for, and anyone where one asks for nothing", () => {
  const access = (security: readonly object[]): string | undefined =>
    describeOpenApi(taking({}, { security }), "a").operations["bill"]?.access;
  expect(access([])).toBe("anyone");
  expect(access([{ token: [] }, { key: [] }])).toBe("signed-in");
  expect(access([{ token: [] }, {}])).toBe("anyone");
});

test("a chain of thousands of components is followed", () => {
  const schemas = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, index) => [
      `S${index}`,
      { items: { $ref: `#/components/schemas/S${index + 1}` } },
    ]),
  );
  const content = { "application/json": { schema: { $ref: "#/components/schemas/S0" } } };
  const { operations } = describeOpenApi(
    { openapi: "3.1.0", paths: { "/x": { get: { responses: { "200": { content } } } } }, components: { schemas } },
    "service.json",
  );
  expect(Object.keys(operations["GET /x"]?.output["$defs"] ?? {})).toHaveLength(10_000);
});

test("OPEN_API_UNREADABLE says what is in the way", () => {
  const refused = (document: unknown): unknown => {
    try {
      return describeOpenApi(document, "service.json");
    } catch (error) {
      return error;
    }
  };
  expect(refused({ swagger: "2.0" })).toMatchObject({ code: "OPEN_API_UNREADABLE" });
  const twice = { get: { operationId: "a", responses: {} }, delete: { operationId: "a", responses: {} } };
  const lost = { post: { requestBody: { $ref: "other.yaml#/Body" }, responses: {} } };
  expect(refused({ openapi: "3.1.0", paths: { "/x": twice, "/y": lost } })).toMatchObject({
    code: "OPEN_API_UNREADABLE",
    message: expect.stringMatching(/other\.yaml#\/Body.*"a" stands twice/),
  });
  const round = { $ref: "#/components/requestBodies/A" };
  const circle = {
    openapi: "3.1.0",
    paths: { "/x": { post: { requestBody: round, responses: {} } } },
    components: { requestBodies: { A: round } },
  };
  expect(refused(circle)).toMatchObject({ code: "OPEN_API_UNREADABLE" });
  let deep: object = { type: "string" };
  for (let level = 0; level < 1_000; level += 1) deep = { type: "object", properties: { a: deep } };
  expect(refused({ openapi: "3.1.0", paths: {}, components: { schemas: { Deep: deep } } })).toMatchObject({
    code: "OPEN_API_UNREADABLE",
    message: expect.stringContaining("/components/schemas/Deep/properties/a/properties/a"),
  });
});
