import { defineConfig } from "vitest/config";

// Packages of the workspace resolve to their sources. Tests that start a process of their own pass
// it `--conditions=source` for the same reason.
const conditions = ["source", "module", "node", "development|production"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // Files run one after the other in two processes, which evaluate what they import once. A file must leave nothing
    // behind that another one would notice, as its tests must among each other.
    isolate: false,
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
          maxWorkers: 2,
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
