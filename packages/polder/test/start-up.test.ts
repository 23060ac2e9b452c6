import { join } from "node:path";
import { expect, test } from "vitest";
import { polderAlone } from "./polder-process.ts";

/** Writes on the error stream what a process loads, file by file. */
const telling = `import { registerHooks } from "node:module";
import { writeSync } from "node:fs";
registerHooks({ load: (url, context, next) => { writeSync(2, url + "\\n"); return next(url, context); } });`;

test("a command loads neither the SDK of tracing nor the languages of the registry's schemas", async () => {
  const hook = `data:text/javascript,${encodeURIComponent(telling)}`;
  const cwd = join(import.meta.dirname, "guestbook");
  const { code, err } = await polderAlone(["domains"], { cwd, env: { NODE_OPTIONS: `--import=${hook}` } });
  expect(code).toBe(0);
  const packages = new Set([...err.matchAll(/\/node_modules\/((?:@[^/]+\/)?[^/]+)\//g)].map(([, name]) => name));
  expect([...packages]).toContain("zod");
  for (const heavy of ["@opentelemetry/otlp-transformer", "@opentelemetry/sdk-trace", "avsc", "protobufjs"])
    expect([...packages]).not.toContain(heavy);
});
