import { expect, test } from "vitest";
import type { Layer } from "../architecture.ts";
import { sourceTree } from "../source-tree.ts";
import { imports } from "./imports.ts";

const layers: readonly Layer[] = [
  [{ name: "@x/ground", folder: "packages/ground", purpose: "Stands.", external: ["zod"] }],
  [
    { name: "@x/roof", folder: "packages/roof", purpose: "Covers." },
    { name: "@x/wall", folder: "packages/wall", purpose: "Holds." },
  ],
  [{ name: "@x/house", folder: "packages/house", purpose: "Is lived in.", mayImport: [], testsMayImport: ["@x/wall"] }],
];

const manifests = {
  "package.json": JSON.stringify({ name: "workspace", devDependencies: { vitest: "5.0.0" } }),
  "packages/ground/package.json": JSON.stringify({
    name: "@x/ground",
    exports: { ".": {} },
    dependencies: { zod: "4.0.0", pg: "8.0.0" },
  }),
  "packages/roof/package.json": JSON.stringify({
    name: "@x/roof",
    exports: { ".": {} },
    dependencies: { "@x/ground": "1.0.0" },
  }),
  "packages/wall/package.json": JSON.stringify({ name: "@x/wall", exports: { ".": {} } }),
};

test("imports that go up, sideways, past the door or out of the package are reported", () => {
  const wrong = sourceTree({
    ...manifests,
    "packages/ground/src/stone.ts":
      'import { tile } from "@x/roof";\nimport { Pool } from "pg";\nimport { z } from "zod";',
    "packages/roof/src/tile.ts": [
      'import { brick } from "@x/wall";',
      'import { stone } from "@x/ground/src/stone.ts";',
      'export { stone } from "../../ground/src/stone.ts";',
      'const { tar } = await import("tar");',
      'import { gone } from "./gone.ts";',
      'import { own } from "@x/roof";',
    ].join("\n"),
    "packages/wall/src/brick.ts": 'import type { Stone } from "@x/ground";',
  });
  expect(imports(layers)(wrong)).toEqual([
    problem("packages/ground/src/stone.ts", 1, "imports @x/roof; allowed: nothing."),
    problem("packages/ground/src/stone.ts", 2, "imports pg; from outside the workspace this package may import zod"),
    problem("packages/roof/src/tile.ts", 1, "imports @x/wall; allowed: @x/ground."),
    problem("packages/roof/src/tile.ts", 2, "past the front door; @x/ground offers ."),
    problem("packages/roof/src/tile.ts", 3, "imports ../../ground/src/stone.ts, outside its own package."),
    problem(
      "packages/roof/src/tile.ts",
      4,
      "imports tar, which its package does not declare. Add it to the dependencies of packages/roof",
    ),
    problem("packages/roof/src/tile.ts", 5, "imports ./gone.ts, which is not a file here."),
    problem("packages/roof/src/tile.ts", 6, "imports its own package by name."),
    problem("packages/wall/src/brick.ts", 1, "imports @x/ground, which its package does not declare."),
  ]);
});

test("a test may also use what the root declares for development, and its own package by name", () => {
  const right = sourceTree({
    ...manifests,
    "packages/roof/src/tile.ts": 'import { stone } from "@x/ground";\nimport { join } from "node:path";',
    "packages/roof/test/tile.test.ts": 'import { test } from "vitest";\nimport { tile } from "@x/roof";',
  });
  expect(imports(layers)(right)).toEqual([]);
});

test("what only the tests of a package may import is reported elsewhere", () => {
  const house = {
    ...manifests,
    "packages/house/package.json": JSON.stringify({ name: "@x/house", devDependencies: { "@x/wall": "1.0.0" } }),
  };
  const use = 'import { brick } from "@x/wall";';
  const right = sourceTree({ ...house, "packages/house/test/door.test.ts": use });
  expect(imports(layers)(right)).toEqual([]);
  const wrong = sourceTree({ ...house, "packages/house/src/door.ts": use });
  expect(imports(layers)(wrong)).toEqual([
    problem("packages/house/src/door.ts", 1, "imports @x/wall; allowed: nothing."),
  ]);
});

function problem(path: string, line: number, message: string): object {
  return { path, line, message: expect.stringContaining(message) };
}
