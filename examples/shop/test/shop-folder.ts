import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PolderConfig } from "polder";
import { domainNames } from "./spread-shop.ts";

/** A folder with a configuration of the shop's domains. */
export interface ShopFolder extends AsyncDisposable {
  readonly directory: string;
  /** The file. */
  readonly config: string;
}

/** Makes a folder with another configuration of the shop's domains, and with a `.polder` of its own. */
export async function shopFolder(settings: Omit<PolderConfig, "domains">): Promise<ShopFolder> {
  const directory = await mkdtemp(join(tmpdir(), "polder-shop-"));
  const domains = domainNames.map((name) => new URL(`../domains/${name}`, import.meta.url).pathname);
  const config = join(directory, "polder.config.ts");
  await writeFile(join(directory, "package.json"), '{ "type": "module" }');
  await symlink(new URL("../../../node_modules", import.meta.url).pathname, join(directory, "node_modules"));
  await writeFile(config, `export default ${JSON.stringify({ domains, ...settings })};\n`);
  return { directory, config, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}
