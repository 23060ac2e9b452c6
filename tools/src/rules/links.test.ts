import { expect, test } from "vitest";
import { sourceTree } from "../source-tree.ts";
import { links } from "./links.ts";

test("links that lead nowhere are reported; code and other sites are left aside", () => {
  const wrong = sourceTree({
    "README.md": [
      "# Polder",
      "[guide](docs/guide.md#what-it-is) [folder](docs/) [site](https://example.com/x) [self](#polder)",
      "[gone](docs/gone.md) ![picture](docs/map.png)",
      "[heading](docs/guide.md#how-it-is) `[code](nowhere.md)`",
      "```md",
      "[fenced](nowhere.md)",
      "```",
      "[twice](docs/guide.md#what-it-is-1)",
      "[reference]: docs/lost.md",
    ].join("\n"),
    "docs/guide.md": "# Guide\n\n## What *it* is?\n\n## What `it` is\n",
  });
  expect(links(wrong).map(({ line, message }) => [line, message.split(",")[0]])).toEqual([
    [3, "links to docs/gone.md"],
    [3, "links to docs/map.png"],
    [4, "links to docs/guide.md#how-it-is"],
    [9, "links to docs/lost.md"],
  ]);
});
