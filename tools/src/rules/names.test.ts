import { expect, test } from "vitest";
import { sourceTree } from "../source-tree.ts";
import { names } from "./names.ts";

const right = [
  "packages/x/src/read-model.test-d.ts",
  "docs/errors/PORT_IN_USE.md",
  "README.md",
  "sql/0001-stock.sql",
  ".ci/run",
  "LICENSE",
];
const wrong = [
  "packages/x/src/readModel.ts",
  "packages/x/src/utils.ts",
  "packages/x/lib/read.ts",
  "packages/x/src/test-helpers.ts",
  "docs/Read_Me.md",
];

test("names in another case, and drawers, are reported", () => {
  expect(names(sourceTree(Object.fromEntries(right.map((path) => [path, ""]))))).toEqual([]);
  expect(names(sourceTree(Object.fromEntries(wrong.map((path) => [path, ""])))).map(({ path }) => path)).toEqual(wrong);
});
