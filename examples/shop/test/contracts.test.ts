import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const shop = join(import.meta.dirname, "..");
const command = join(shop, "../../packages/polder/src/main.ts");

test("every contract of the shop is as it was published", async () => {
  const args = ["--conditions=source", command, "--config", join(shop, "polder.config.ts"), "contracts", "check"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: shop });
  expect(stdout).toMatch(/^\d+ versions looked at, no findings\.\n$/);
});
