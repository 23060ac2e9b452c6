import { expect, test } from "vitest";
import type { Layer } from "../architecture.ts";
import { type SourceTree, sourceTree } from "../source-tree.ts";
import { manifests } from "./manifests.ts";

const layers: readonly Layer[] = [
  [{ name: "@x/ground", folder: "packages/ground", purpose: "Stands." }],
  [
    { name: "@x/roof", folder: "packages/roof", purpose: "Covers." },
    { name: "@x/tower", folder: "packages/tower", purpose: "Is missing.", mayImport: ["@x/roof"] },
  ],
  [{ name: "@x/house", folder: "packages/house", purpose: "Is lived in.", mayImport: [], testsMayImport: ["@x/roof"] }],
];

const wrong: SourceTree = sourceTree({
  "packages/ground/package.json": manifest({
    name: "@x/ground",
    description: "Stands firm.",
    devDependencies: { "@x/roof": "1.0.0" },
  }),
  "packages/roof/README.md": "# @x/roof",
  "packages/roof/package.json": manifest({
    name: "@x/roof",
    description: "Covers.",
    dependencies: { "@x/ground": "0.9.0", pg: "8.0.0" },
  }),
  "packages/house/README.md": "# @x/house",
  "packages/house/package.json": manifest({
    name: "@x/house",
    description: "Is lived in.",
    dependencies: { "@x/roof": "1.0.0" },
  }),
  "packages/shed/package.json": manifest({ name: "@x/shed" }),
});

test("manifests that depart from the architecture are reported with what is allowed", () => {
  expect(manifests(layers)(wrong)).toEqual([
    problem("architecture.ts", "lets @x/tower import @x/roof, which is not below it; below it are @x/ground."),
    problem("architecture.ts", "lists @x/tower, but packages/tower/package.json does not exist."),
    problem("packages/ground/package.json", 'describes the package in other words than architecture.ts: "Stands."'),
    problem("packages/ground/package.json", "has no README.md beside it."),
    problem("packages/shed/package.json", "is not in architecture.ts as @x/shed at packages/shed."),
    problem("packages/ground/package.json", "depends on @x/roof; allowed: nothing."),
    problem("packages/house/package.json", "depends on @x/roof; allowed: nothing."),
    problem("packages/roof/package.json", 'wants @x/ground 0.9.0, but the workspace holds 1.0.0. Write "1.0.0".'),
  ]);
});

function manifest(content: object): string {
  return JSON.stringify({ version: "1.0.0", ...content });
}

function problem(path: string, message: string): object {
  return { path, message: expect.stringContaining(message) };
}
