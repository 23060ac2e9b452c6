import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { compileFunction } from "node:vm";
import { testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { openConfluent } from "./confluent-package.ts";
import { startTestRegistry } from "./registry-server.ts";

/** Tests that are not for us: encryption asks for a registry of keys, associations of topics are none of ours. */
const foreign = /encryption|associated name|cluster id|multiple calls/;

/**
 * Runs specs that Confluent's client ships, compiled for Jest, on one registry. Only the address is ours, and Vitest in
 * Jest's place; what else they load is theirs. What they load is once in a process: specs that set up the same rules need
 * a file of their own.
 */
export async function runConfluentSpecs(
  paths: readonly string[],
  { without = foreign }: { readonly without?: RegExp } = {},
): Promise<void> {
  const opened = new AsyncDisposableStack();
  const { folder } = opened.use(openConfluent());
  const server = opened.use(await testServer());
  const { url } = opened.use(await startTestRegistry(server));
  afterAll(() => opened.disposeAsync());
  for (const path of paths)
    runSpec(join(folder, path), { folder, url, isWanted: (name) => !foreign.test(name) && !without.test(name) });
}

function runSpec(
  file: string,
  {
    folder,
    url,
    isWanted,
  }: { readonly folder: string; readonly url: string; readonly isWanted: (name: string) => boolean },
): void {
  const theirs = createRequire(file);
  const it = (name: string, run: () => Promise<void>): void => {
    if (isWanted(name)) test(name, run);
  };
  const own = (name: string): unknown => {
    if (name === "@jest/globals") return { describe, it, expect, beforeEach, afterEach };
    if (name.endsWith("/test-constants")) return { clientConfig: { baseURLs: [url], cacheCapacity: 512 } };
    const [, inside] = /^@confluentinc\/schemaregistry\/(.+)$/.exec(name) ?? [];
    return theirs(inside === undefined ? name : join(folder, inside));
  };
  const text = readFileSync(file, "utf8").replace("baseURL = 'mock://'", `baseURL = '${url}'`);
  compileFunction(text, ["require", "exports"], { filename: file })(own, {});
}
