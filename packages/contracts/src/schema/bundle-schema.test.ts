import { expect, test } from "vitest";
import { compareSchemas } from "../inclusion/compare-schemas.ts";
import { bundleSchema } from "./bundle-schema.ts";

test("schemas that are referred to become definitions, by name, by id and relative to the id", () => {
  const address = {
    $id: "https://shop.example/address",
    $schema: "http://json-schema.org/draft-07/schema#",
    properties: { land: { $ref: "#/definitions/land" }, twin: { $ref: "#" } },
    definitions: { land: { type: "string" } },
  };
  const references = new Map<string, unknown>([["types/address.json", address]]);
  const schema = {
    $id: "https://shop.example/",
    properties: {
      home: { $ref: "types/address.json" },
      land: { $ref: "https://shop.example/address#/definitions/land" },
      said: { default: { $ref: "types/address.json" } },
      far: { $ref: "https://far.example/schema" },
    },
  };
  expect(bundleSchema({ schema, references })).toEqual({
    $id: "https://shop.example/",
    properties: {
      home: { $ref: "#/$defs/types~1address.json" },
      land: { $ref: "#/$defs/types~1address.json/definitions/land" },
      said: { default: { $ref: "types/address.json" } },
      far: { $ref: "https://far.example/schema" },
    },
    $defs: {
      "types/address.json": {
        properties: {
          land: { $ref: "#/$defs/types~1address.json/definitions/land" },
          twin: { $ref: "#/$defs/types~1address.json" },
        },
        definitions: { land: { type: "string" } },
      },
    },
  });
});

test("a bundled schema is compared by what it refers to", () => {
  const schema = { type: "object", properties: { home: { $ref: "address" } } };
  const using = (address: object) => bundleSchema({ schema, references: new Map([["address", address]]) });
  const before = using({ type: "string", maxLength: 10 });
  expect(compareSchemas({ writer: before, reader: using({ type: "string" }) }).verdict).toBe("included");
  expect(compareSchemas({ writer: using({ type: "string" }), reader: before }).verdict).toBe("not-included");
});

test("a schema without references stays as it is", () => {
  const schema = { $ref: "#/definitions/a", definitions: { a: true } };
  expect(bundleSchema({ schema, references: new Map() })).toBe(schema);
});
