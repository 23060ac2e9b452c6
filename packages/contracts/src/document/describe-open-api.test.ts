import { expect, test } from "vitest";
import { type Comparison, compareDocuments, describeOpenApi, nameOperationsAs } from "../index.ts";

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
    input: {
      properties: {
        billId: { type: "string" },
        currency: { type: ["string", "null"] },
        "header:x-trace": { type: "string" },
      },
      required: ["billId"],
    },
    output: {
      $ref: "#/$defs/Bill",
      $defs: { Bill: { ...bill, properties: { parts: { items: { $ref: "#/$defs/Bill" } } } } },
    },
    refusals: { "404": { type: "object" } },
  });
  expect(document.operations["PUT /bills/{billId}"]).toMatchObject({
    kind: "command",
    access: "signed-in",
    input: { properties: { body: { $ref: "#/$defs/Bill" } }, required: ["billId", "body"], $defs: { Bill: bill } },
    output: { type: "null" },
  });
});

/** A change of the document in its text; what it costs. */
function changed(before: string, after: string): Comparison {
  const text = JSON.stringify(billing);
  expect(text).toContain(before);
  const earlier = describeOpenApi(billing, "a");
  const later = describeOpenApi(JSON.parse(text.replaceAll(before, () => after)), "b");
  return compareDocuments(earlier, nameOperationsAs(earlier, later));
}

test.each([
  ["a type of a component", '"total":{"type":"integer"}', '"total":{"type":"string"}', "major", "type-changed"],
  [
    "a header that is needed",
    '"header","schema"',
    '"header","required":true,"schema"',
    "major",
    "property-became-required",
  ],
  ["a query that is not null", ',"nullable":true', "", "major", "null-refused"],
  ["a token that is not needed any more", '"security":[{"token":[]}]', '"security":[]', "minor", "access-opened"],
  ["a path", '"/bills/{billId}"', '"/invoices/{billId}"', "major", "path-changed"],
  ["names that nobody sends", "billId", "invoiceId", "none", undefined],
  ["the name of an operation", "billById", "getBill", "none", undefined],
] as const)("of two documents of a service is compared %s", (_, before, after, step, rule) => {
  const comparison = changed(before, after);
  expect(comparison.step).toBe(step);
  expect(comparison.findings[0]?.rule).toBe(rule);
});

test("operations that swap names are still told apart by method and path", () => {
  const operation = (operationId: string) => ({ operationId, responses: {} });
  const service = (...names: readonly [string, string]) =>
    describeOpenApi(
      { openapi: "3.1.0", paths: { "/a": { get: operation(names[0]) }, "/b": { get: operation(names[1]) } } },
      "a",
    );
  const [earlier, later] = [service("one", "two"), service("two", "one")];
  expect(compareDocuments(earlier, nameOperationsAs(earlier, later)).findings).toEqual([]);
  const moved = describeOpenApi(
    { openapi: "3.1.0", paths: { "/a": { get: operation("new") }, "/c": { get: operation("one") } } },
    "a",
  );
  expect(Object.keys(nameOperationsAs(earlier, moved).operations)).toEqual(["one", "GET /c"]);
});

const pets = {
  openapi: "3.0.3",
  paths: {
    "/pets/{pet-id}": {
      parameters: [{ name: "limit", in: "query", required: true, schema: {} }],
      post: {
        parameters: [
          { name: "pet-id", in: "path", required: true, schema: { type: "string", example: "rex" } },
          {
            name: "limit",
            in: "query",
            schema: { type: "integer", format: "int32", minimum: 0, exclusiveMinimum: true },
          },
          { name: "filter", in: "query", content: { "application/json": { schema: { type: "object" } } } },
          { name: "Accept", in: "header", schema: {} },
          { name: "session", in: "cookie", schema: { type: "string", format: "password" } },
        ],
        security: [{}, { token: [] }],
        requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Pet" } } } },
        responses: {
          200: { content: { "application/json": { schema: { $ref: "#/components/schemas/Pet" } } } },
          default: {
            content: { "application/json": { schema: { $ref: "#/components/schemas/Pet/properties/size" } } },
          },
        },
      },
    },
  },
  components: {
    schemas: {
      Pet: {
        type: "object",
        discriminator: { propertyName: "kind" },
        externalDocs: { url: "https://pets.example" },
        required: ["id", "pin"],
        properties: {
          id: { type: "integer", format: "int64", readOnly: true },
          pin: { type: "string", writeOnly: true },
          size: { type: "number", maximum: 9, exclusiveMaximum: false, xml: { name: "s" } },
          example: { type: "string" },
        },
      },
    },
  },
};

test("what OpenAPI says in words of its own is said in those of JSON Schema", () => {
  const described = describeOpenApi(pets, "pets.json");
  const size = { type: "number", maximum: 9 };
  const others = { size, example: { type: "string" } };
  const post = described.operations["POST /pets/{pet-id}"];
  expect(post).toMatchObject({ path: "/pets/{pet-id}", access: "anyone" });
  expect(post?.input).toEqual({
    type: "object",
    properties: {
      "pet-id": { type: "string" },
      limit: { type: "integer", exclusiveMinimum: 0, minimum: -2_147_483_648, maximum: 2_147_483_647 },
      filter: { type: "object" },
      "cookie:session": { type: "string" },
      body: { $ref: "#/$defs/Pet" },
    },
    required: ["pet-id"],
    $defs: {
      Pet: { type: "object", required: ["pin"], properties: { pin: { type: "string", writeOnly: true }, ...others } },
    },
  });
  expect(post?.output["$defs"]).toEqual({
    Pet: { type: "object", required: ["id"], properties: { id: { type: "integer", readOnly: true }, ...others } },
  });
  expect(post?.refusals["default"]).toMatchObject({ $defs: { "Pet/properties/size": size } });
  expect(compareDocuments(described, { ...described, version: "1.0.1" }).findings).toEqual([]);
});

test("a path may stand among the components", () => {
  const document = {
    openapi: "3.1.0",
    paths: { "/a": { $ref: "#/components/pathItems/A" } },
    components: { pathItems: { A: { get: { operationId: "a", responses: {} } } } },
  };
  expect(Object.keys(describeOpenApi(document, "a.json").operations)).toEqual(["a"]);
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
    body: {
      type: "object",
      properties: { example: { type: "number", exclusiveMinimum: 0, maximum: 9 } },
    },
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
      { items: { $ref: `#/components/schemas/S${(index + 1) % 10_000}` } },
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
  const at = (schema: object) => ({ get: { responses: { 200: { content: { "application/json": { schema } } } } } });
  const paths = {
    "/a": { $ref: "other.yaml#/paths/a" },
    "/b": at({ properties: { b: { $ref: "other.yaml#/B" } } }),
    "/c": at({ $ref: "#/components/schemas/Gone" }),
  };
  expect(refused({ openapi: "3.0.0", paths })).toMatchObject({
    details: {
      problems: [
        "/paths/~1a refers to other.yaml#/paths/a, which is not in the document",
        "/paths/~1b/get refers to other.yaml#/B, which is not in the document",
        "/paths/~1c/get refers to #/components/schemas/Gone, which is not in the document",
      ],
    },
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
