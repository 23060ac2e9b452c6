import { expect, test } from "vitest";
import { sourcePlace } from "./source-place.ts";

test.each([
  ["/shop/a b.ts:3\nconst x = ;\n          ^\n\nSyntaxError: Expression expected", "/shop/a b.ts:3"],
  ["file:///shop/b.ts?generation=4:1\nimport x;\n\nSyntaxError: no such export", "/shop/b.ts:1"],
  ["Error: x\n    at node:internal/main:1:2\n    at file:///shop/c.ts:7:1", "/shop/c.ts:7"],
  [
    "Error: x\n    at run (/shop/node_modules/pg/lib/client.js:3:4)\n    at f (file:///shop/d.ts?generation=2:5:6)",
    "/shop/d.ts:5",
  ],
  ["Error: x\n    at Object.f (/shop/e.ts:5:6)\n    at g (/shop/f.ts:7:8)", "/shop/e.ts:5"],
  ["Error: x\n    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)", undefined],
  ["no stack at all", undefined],
])("%j is at %s", (stack, place) => {
  expect(sourcePlace(stack)).toBe(place);
});
