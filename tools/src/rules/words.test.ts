import { expect, test } from "vitest";
import { sourceTree } from "../source-tree.ts";
import { words } from "./words.ts";

test("paths of one machine, registry hosts and issue numbers are reported", () => {
  // Put together here, so that this file does not say them itself.
  const said = [
    ["", "home", "me", "x"].join("/"),
    ["registry", "npmjs", "org"].join("."),
    ["npm", "pkg", "github", "com"].join("."),
    `issue #${7}`,
  ];
  const wrong = sourceTree({
    "docs/guide.md": `${said.join("\n")}\nGET /homes, https://example.com/home/x, an issue of 12 papers\n`,
  });
  expect(words(wrong).map(({ line }) => line)).toEqual([1, 2, 3, 4]);
});
