import { expect, test } from "vitest";
import { targetFinder } from "./target-finder.ts";

const schema = {
  $id: "https://example.org/order",
  properties: {
    const: { $anchor: "here" },
    other: { const: { $anchor: "notHere" } },
  },
  $defs: {
    text: { type: "string" },
    "a/b": { $id: "#old" },
    line: {
      $id: "line",
      $defs: { text: { type: "integer" }, inner: { $anchor: "inside" } },
    },
  },
};

test.each([
  ["#", "", ""],
  ["", "", ""],
  ["#/$defs/text", "", "/$defs/text"],
  ["#/$defs/a~1b", "", "/$defs/a~1b"],
  ["#/%24defs/text", "/properties/const", "/$defs/text"],
  ["#here", "", "/properties/const"],
  ["#old", "", "/$defs/a~1b"],
  ["https://example.org/order#/$defs/text", "", "/$defs/text"],
  ["order#here", "", "/properties/const"],
  ["line", "", "/$defs/line"],
  ["line#inside", "", "/$defs/line/$defs/inner"],
  // What stands in an embedded schema is read against that one.
  ["#/$defs/text", "/$defs/line/$defs/inner", "/$defs/line/$defs/text"],
  ["#inside", "/$defs/line", "/$defs/line/$defs/inner"],
  ["order#/$defs/text", "/$defs/line", "/$defs/text"],
])("%j leads from %j to %j", (reference, from, pointer) => {
  expect(targetFinder(schema)(reference, from)?.pointer).toBe(pointer);
});

test.each(["#/$defs/none", "#notHere", "#inside", "https://example.org/other", "other#here"])(
  "%j leads nowhere",
  (reference) => {
    expect(targetFinder(schema)(reference, "")).toBeUndefined();
  },
);

test("thousands of references to one name are followed in the time of one walk", () => {
  const many = {
    $defs: Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`d${index}`, { $anchor: `a${index}` }])),
  };
  const find = targetFinder(many);
  for (let index = 0; index < 20_000; index += 1) expect(find(`#a${index}`, "")?.pointer).toBe(`/$defs/d${index}`);
});
