import { expect, test } from "vitest";
import { sourceTree } from "../source-tree.ts";
import { snippets } from "./snippets.ts";

test("a snippet of a region that does not exist is reported", () => {
  const wrong = sourceTree({
    "README.md":
      "# X\n\n```ts file=x.ts#one\n1;\n```\n\n```ts file=x.ts#two\n```\n\n```ts\nfree();\n```\n\n```ts file=y.ts#one\n```\n",
    "x.ts": "// #region one\n1;\n// #endregion one\n// #region two\n2;\n",
  });
  expect(snippets(wrong).map(({ line, message }) => [line, message.split(",")[0]])).toEqual([
    [7, "shows x.ts#two"],
    [14, "shows y.ts#one"],
  ]);
});
