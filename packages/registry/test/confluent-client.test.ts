import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { compileFunction } from "node:vm";
import { testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { openConfluent } from "./confluent-package.ts";
import { startTestRegistry } from "./registry-server.ts";

const opened = new AsyncDisposableStack();
const { folder } = opened.use(openConfluent());
const server = opened.use(await testServer());
const { url } = opened.use(await startTestRegistry(server));
afterAll(() => opened.disposeAsync());

/**
 * Runs one of the specs that Confluent's client ships, compiled for Jest, on our registry. Only the address is ours, and
 * Vitest in Jest's place; what else they load is theirs.
 */
function runSpec(path: string, isWanted: (name: string) => boolean): void {
  const file = join(folder, path);
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

runSpec("e2e/schemaregistry-client.spec.js", () => true);
// Encryption asks for a registry of keys, and associations are none of ours.
runSpec("test/serde/json.spec.js", (name) => !/encryption|associated name|cluster id|multiple calls/.test(name));
