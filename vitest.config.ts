import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// Packages of the workspace resolve to their sources. Tests that start a process of their own pass
// it `--conditions=source` for the same reason.
const conditions = ["source", "module", "node", "development|production"];

/** Files that take longest: begun late, one of them would keep a process busy while the other has nothing left to do. */
const longest = [
  "examples/shop/test/stories.test.ts",
  "examples/shop/test/places.test.ts",
  "examples/shop/test/shop-faults.test.ts",
  "packages/bus/test/faults.test.ts",
  "packages/polder/test/scaffold.test.ts",
  "packages/polder/test/dev.test.ts",
  "packages/polder/test/command-start.test.ts",
  "packages/polder/test/dev-embedded.test.ts",
  "packages/polder/test/doctor.test.ts",
  "packages/sagas/test/faults.test.ts",
  "examples/shop/test/start.test.ts",
  "examples/shop/test/inventory-killed.test.ts",
];
for (const file of longest)
  if (!existsSync(join(import.meta.dirname, file))) throw new Error(`${file} is gone; take it out of vitest.config.ts`);

/** Vitest knows how long a file took the last time, and nothing where there was none. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification): number => {
      const rank = longest.findIndex((file) => moduleId.endsWith(file));
      return rank < 0 ? longest.length : rank;
    };
    return (await super.sort(files)).toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // Files run one after the other in two processes, which evaluate what they import once. A file must leave nothing
    // behind that another one would notice, as its tests must among each other.
    isolate: false,
    // Also on a machine with more processors: kinds of tests that run together must have the same number.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: [
            "packages/*/src/**/*.test.ts",
            "bench/src/**/*.test.ts",
            "examples/*/*.test.ts",
            "examples/*/domains/**/*.test.ts",
          ],
          // Type tests; the compiler also reports every error in the other tests here.
          typecheck: { enabled: true, include: ["packages/*/src/**/*.test-d.ts"], tsconfig: "tsconfig.test.json" },
        },
      },
      {
        extends: true,
        test: {
          name: "database",
          include: ["packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.ts"],
          globalSetup: ["tools/src/test-run.ts"],
          pool: "forks",
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      { extends: true, test: { name: "tools", include: ["tools/src/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "long",
          isolate: true,
          include: ["**/*.long.ts"],
          globalSetup: ["tools/src/test-run.ts"],
          pool: "forks",
          maxWorkers: 1,
          testTimeout: 1_800_000,
        },
      },
    ],
  },
});
