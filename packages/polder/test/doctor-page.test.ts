import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checks } from "../src/doctor/examine.ts";

test("the page of the doctor tells about each check", async () => {
  const page = await readFile(join(import.meta.dirname, "../../../docs/doctor.md"), "utf8");
  const chapters = checks.map(
    ({ code, severity, looksFor, why, remedy }) =>
      `## ${code}\n\nLooks for ${looksFor} Severity: ${severity}.\n\nWhy it matters: ${why}\n\nWhat to do: ${remedy}\n`,
  );
  expect(page.slice(page.indexOf("\n## ") + 1)).toBe(chapters.join("\n"));
});
