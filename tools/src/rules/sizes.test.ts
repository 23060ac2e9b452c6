import { expect, test } from "vitest";
import { sourceTree } from "../source-tree.ts";
import { sizes } from "./sizes.ts";

const long = "// a line\n".repeat(401);
const body = "  step();\n".repeat(69);
const functions = `export function run() {\n${body}}\nconst walk = () => {\n${body}};\ndescribe("x", () => {\n${body}});\nit("walks", () => {\n${body}});\n`;

test("large files and functions are reported; a chapter of tests is not a function", () => {
  const wrong = sourceTree({ "src/long.sql": long, "src/functions.ts": functions });
  expect(sizes(wrong).map(({ message }) => message)).toEqual([
    "has 401 lines; allowed: 400. Split it by what it does.",
    "run has 71 lines; allowed: 70. Split it by its steps.",
    "walk has 71 lines; allowed: 70. Split it by its steps.",
    "it walks has 71 lines; allowed: 70. Split it by its steps.",
  ]);
});

test("the ratchet excuses a size exactly, and only while it is needed", () => {
  const reason = "The grammar is one table.";
  const ratchet = {
    "src/long.sql": { lines: 401, reason },
    "src/functions.ts#run": { lines: 80, reason },
    "src/functions.ts#walk": { lines: 70, reason },
    "src/functions.ts#it walks": { lines: 71, reason: " " },
    "src/gone.ts": { lines: 500, reason },
  };
  const wrong = sourceTree({
    "src/long.sql": long,
    "src/functions.ts": functions,
    "tools/ratchet.json": JSON.stringify(ratchet),
  });
  expect(sizes(wrong).map(({ message }) => message)).toEqual([
    "src/functions.ts#run has shrunk from 80 to 71 lines. Write 71.",
    "src/functions.ts#walk has grown from 70 to 71 lines; entries may only shrink. Take out what was added.",
    "src/functions.ts#it walks gives no reason. Say why it cannot be smaller yet.",
    "src/gone.ts is small enough now, or gone. Remove the entry.",
  ]);
});
