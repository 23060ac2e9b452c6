import { expect, test } from "vitest";
import { sourceTree } from "../source-tree.ts";
import { importCircles } from "./import-circles.ts";

test("a circle is reported once, with its way; a circle of types is none", () => {
  const wrong = sourceTree({
    "packages/x/src/day.ts": 'import { night } from "./night.ts";',
    "packages/x/src/night.ts": 'export { dawn } from "./sky/dawn.ts";',
    "packages/x/src/sky/dawn.ts": 'import { day } from "../day.ts";',
    "packages/x/src/moon.ts": 'import type { Tide } from "./tide.ts";',
    "packages/x/src/tide.ts": 'import { moon } from "./moon.ts";',
  });
  expect(importCircles(wrong)).toEqual([
    {
      path: "packages/x/src/day.ts",
      message: expect.stringContaining(
        "packages/x/src/day.ts → packages/x/src/night.ts → packages/x/src/sky/dawn.ts → packages/x/src/day.ts",
      ),
    },
  ]);
});
