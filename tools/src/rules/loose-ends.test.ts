import { expect, test } from "vitest";
import { sourceTree } from "../source-tree.ts";
import { looseEnds } from "./loose-ends.ts";

test("a loose end in a comment is reported; the word in a string is not", () => {
  const wrong = sourceTree({
    "packages/x/src/x.ts": '/** Adds.\n * TODO: subtract. */\nconst word = "TODO";\ncall(); // FIXME later',
  });
  expect(looseEnds(wrong).map(({ line, message }) => [line, message.slice(0, 15)])).toEqual([
    [1, "leaves a TODO i"],
    [4, "leaves a FIXME "],
  ]);
});
