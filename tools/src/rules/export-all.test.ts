import { expect, test } from "vitest";
import { sourceTree } from "../source-tree.ts";
import { exportAll } from "./export-all.ts";

test("an export of everything is reported", () => {
  const wrong = sourceTree({
    "packages/x/src/index.ts":
      'export { one } from "./one.ts";\nexport * from "./two.ts";\nexport type * from "./three.ts";\nexport * as four from "./four.ts";',
  });
  expect(exportAll(wrong).map(({ line }) => line)).toEqual([2, 3]);
});
