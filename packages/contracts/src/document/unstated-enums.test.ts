import { expect, test } from "vitest";
import { type ContractDocument, unstatedEnums } from "../index.ts";

const sizes = { type: "string", enum: ["S", "M"] };
const object = (properties: object): Readonly<Record<string, unknown>> => ({ type: "object", properties });

test("enums of answers, refusals and events that say neither open nor closed", () => {
  const shelf: ContractDocument = {
    kind: "api",
    name: "shelf",
    version: "1.0.0",
    operations: {
      find: {
        kind: "query",
        method: "GET",
        path: "/find",
        input: object({ size: sizes }),
        output: object({ sizes: { type: "array", items: sizes }, kind: { enum: ["shelf"] } }),
        refusals: { Wrong: object({ size: sizes }) },
      },
    },
  };
  expect(unstatedEnums(shelf).map(({ pointer }) => pointer)).toEqual([
    "/operations/find/output/properties/sizes/items",
    "/operations/find/refusals/Wrong/properties/size",
  ]);
  const moved: ContractDocument = {
    kind: "event",
    name: "shelf.Moved",
    version: "1.0.0",
    key: "id",
    schema: object({
      a: sizes,
      b: { ...sizes, "x-closed-enum": true },
      c: { type: "string", examples: ["S"], "x-extensible-enum": ["S"] },
    }),
  };
  expect(unstatedEnums(moved)).toEqual([
    {
      pointer: "/schema/properties/a",
      problem: expect.stringContaining('is one of "S", "M"'),
      wayOut: expect.stringContaining('openEnum("S", "M")'),
    },
  ]);
});
