import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const shop = join(import.meta.dirname, "..");
const command = join(shop, "../../packages/polder/src/main.ts");

async function polder(...args: readonly string[]): Promise<string> {
  const all = ["--conditions=source", command, "--config", join(shop, "polder.config.ts"), ...args];
  return (await promisify(execFile)(process.execPath, all, { cwd: shop })).stdout;
}

test("every contract of the shop is as it was published", async () => {
  expect(await polder("contracts", "check")).toMatch(/^\d+ versions looked at, no findings\.\n$/);
});

test("who uses an event of the shop is asked about its contract", async () => {
  expect(await polder("owners", "--codeowners")).toMatch(
    /domains\/customer\/contracts\/customer\.CustomerRenamed\/ @shop\/customer-care @shop\/checkout @shop\/shipping @shop\/web\n/,
  );
});
