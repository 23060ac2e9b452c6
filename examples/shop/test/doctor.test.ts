import { execFile } from "node:child_process";
import { expect, test } from "vitest";
import { shopDatabase } from "./shop-database.ts";

const program = new URL("../../../packages/polder/src/main.ts", import.meta.url).pathname;
const config = new URL("../polder.config.ts", import.meta.url).pathname;

test("the doctor finds nothing wrong with the homes of the shop, whose names are words of SQL as well", async () => {
  await using database = await shopDatabase();
  const args = ["--conditions=source", program, "doctor", "--json", "--config", config];
  const out = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { env: { ...process.env, ...database.env } }, (_error, written) =>
      resolve(written),
    );
  });
  const { data } = JSON.parse(out) as { readonly data: { readonly findings: readonly { readonly code: string }[] } };
  const codes = data.findings.map(({ code }) => code);
  expect(codes.filter((code) => /^(provision|migration|index|login)-/.test(code))).toEqual([]);
});
