import { expect, test } from "vitest";
import { collectComponents } from "./components.ts";

const address = { type: "object", properties: { in: { $ref: "#/$defs/Country" } } };
const withCountry = (country: object) => ({
  $ref: "#/$defs/Address",
  $defs: { Address: address, Country: country },
});

test("named schemas are shared where they are the same all the way down, and apart where not", () => {
  const components = collectComponents();
  expect(components.place(withCountry({ type: "string" }), "First")).toEqual({ $ref: "#/components/schemas/Address" });
  expect(components.place(withCountry({ type: "string" }), "Second")).toEqual({ $ref: "#/components/schemas/Address" });
  expect(components.place(withCountry({ type: "integer" }), "Third")).toEqual({
    $ref: "#/components/schemas/ThirdAddress",
  });
  expect(components.schemas()).toEqual({
    Address: { type: "object", properties: { in: { $ref: "#/components/schemas/Country" } } },
    Country: { type: "string" },
    ThirdAddress: { type: "object", properties: { in: { $ref: "#/components/schemas/ThirdCountry" } } },
    ThirdCountry: { type: "integer" },
  });
});

test("a schema that refers to itself becomes a component of its owner's name", () => {
  const components = collectComponents();
  expect(components.place({ properties: { next: { $ref: "#" } } }, "Chain")).toEqual({
    $ref: "#/components/schemas/Chain",
  });
  expect(components.schemas()).toEqual({ Chain: { properties: { next: { $ref: "#/components/schemas/Chain" } } } });
});

test("definitions that a schema library has named by itself are named after their owner", () => {
  const components = collectComponents();
  const tree = { $ref: "#/$defs/__schema0", $defs: { __schema0: { items: { $ref: "#/$defs/__schema0" } } } };
  expect(components.place(tree, "Tree")).toEqual({ $ref: "#/components/schemas/TreePart0" });
  expect(components.schemas()).toEqual({ TreePart0: { items: { $ref: "#/components/schemas/TreePart0" } } });
});

test("a name that a component cannot have is made one that it can have", () => {
  const components = collectComponents();
  expect(components.name("Out of stock", { type: "string" }, "Reserve")).toEqual({
    $ref: "#/components/schemas/Out_of_stock",
  });
});
