import { expect, test } from "vitest";
import type { Layer } from "../architecture.ts";
import { generatedDocuments } from "../generated.ts";
import { sourceTree } from "../source-tree.ts";
import { generated } from "./generated.ts";

const layers: readonly Layer[] = [
  [{ name: "@x/ground", folder: "packages/ground", purpose: "Stands.", external: ["zod"] }],
  [{ name: "@x/roof", folder: "packages/roof", purpose: "Covers.", mayImport: ["@x/ground"] }],
];

const stale = sourceTree({
  "ARCHITECTURE.md": "# Architecture\n\n<!-- generated: layers -->\nOf old.\n<!-- end of layers -->\n\nMore.\n",
  "docs/errors/README.md": "# Errors\n\n<!-- generated: errors -->\n<!-- end of errors -->\n",
  "docs/errors/PORT_IN_USE.md": "# PORT_IN_USE\n\nSomebody else\nlistens there. More.\n",
  "docs/guide.md": "```ts file=x.ts#run\nold();\n```\n",
  "packages/ground/src/errors.ts": "export const errors = defineErrors({ PORT_IN_USE: details() });",
  "x.ts": "function x() {\n  // #region run\n  if (dry) {\n    run();\n  }\n  // #endregion run\n}\n",
});

test("documents that their sources have left behind are reported", () => {
  expect(generated(layers)(stale).map(({ path, line }) => [path, line])).toEqual([
    ["ARCHITECTURE.md", 4],
    ["docs/errors/README.md", 4],
    ["docs/guide.md", 2],
  ]);
});

test("a document without its generated part is reported", () => {
  expect(generated(layers)(sourceTree({ "ARCHITECTURE.md": "# Architecture\n" })).map(({ path }) => path)).toEqual([
    "ARCHITECTURE.md",
    "docs/errors/README.md",
  ]);
});

test("the documents are made from their sources, and made again they stay", () => {
  const fresh = generatedDocuments(stale, layers);
  expect(fresh.get("ARCHITECTURE.md")).toBe(
    [
      "# Architecture",
      "",
      "<!-- generated: layers -->",
      "",
      "| layer | package | what lives there | may import |",
      "| --- | --- | --- | --- |",
      "| 0 | [`@x/ground`](packages/ground) | Stands. | nothing; from outside `zod` |",
      "| 1 | [`@x/roof`](packages/roof) | Covers. | `@x/ground` |",
      "",
      "<!-- end of layers -->",
      "",
      "More.",
      "",
    ].join("\n"),
  );
  expect(fresh.get("docs/errors/README.md")).toContain(
    "| [`PORT_IN_USE`](PORT_IN_USE.md) | [ground](../../packages/ground) | Somebody else listens there. |",
  );
  expect(fresh.get("docs/guide.md")).toBe("```ts file=x.ts#run\nif (dry) {\n  run();\n}\n```\n");
  expect(generated(layers)(new Map([...stale, ...fresh]))).toEqual([]);
});
