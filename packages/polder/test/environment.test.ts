import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const repository = join(import.meta.dirname, "../../..");

/** What the code reads of its environment: by name, and by a constant or a function that makes the name. */
const known: Readonly<Record<string, string>> = {
  [`"DATABASE_URL"`]: "DATABASE_URL",
  [`"PORT"`]: "PORT",
  [`"POLDER_PUBLIC_KEYS"`]: "POLDER_PUBLIC_KEYS",
  "secretVariable(name)": "POLDER_SECRET_<ROLE>",
  '"POLDER_ENVIRONMENT"': "POLDER_ENVIRONMENT",
  '"POLDER_REGISTRY_URL"': "POLDER_REGISTRY_URL",
  // The guide names these three in one row.
  '"GITHUB_ACTOR"': "GITHUB_ACTOR`, `USER`, `USERNAME",
  '"USER"': "",
  '"USERNAME"': "",
  // Of a domain with a database of its own.
  variable: "DATABASE_URL_<DOMAIN>",
  // A name that the configuration gives.
  named: "",
  // Those of OpenTelemetry.
  name: "OTEL_*",
  TEST_DIRECTORY_VARIABLE: "POLDER_TEST_DIRECTORY",
  // npm's own, and no setting of ours.
  [`"npm_lifecycle_event"`]: "",
};

test("the guide names every variable that the code reads, and no other", async () => {
  const read = new Set<string>();
  for (const name of await readdir(join(repository, "packages"))) {
    const sources = join(repository, "packages", name, "src");
    for (const file of await readdir(sources, { recursive: true })) {
      if (!file.endsWith(".ts") || file.includes(".test")) continue;
      const text = await readFile(join(sources, file), "utf8");
      for (const [, key = ""] of text.matchAll(/\benv\[((?:"[^"]*"|[\w.]+(?:\([^)]*\))?))\]/g)) read.add(key);
      expect(text).not.toMatch(/\bprocess\.env\.\w/);
    }
  }
  expect([...read].filter((key) => !(key in known))).toEqual([]);
  const guide = await readFile(join(repository, "docs/run-it-for-real.md"), "utf8");
  const chapter = /\n## Environment variables\n(?<text>[\s\S]*?)\n## /.exec(guide)?.groups?.["text"] ?? "";
  const told = [...chapter.matchAll(/^\| `(.+?)` \|/gm)].map(([, variable]) => variable);
  const expected = [...read].map((key) => known[key]).filter((variable) => variable !== "");
  // Read as a whole, by Node itself, and by the same way as passwords.
  const others = ["POLDER_URL_<DOMAIN>", "NODE_DISABLE_COMPILE_CACHE", "POLDER_SECRET_<DOMAIN>_KEY_<NUMBER>"];
  expect(told.toSorted()).toEqual([...expected, ...others].toSorted());
});
