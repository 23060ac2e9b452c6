import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A migration as it stands on disk. */
export interface Migration {
  /** The file's name, such as `0001-stock.sql`; see {@link compareNames}. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the text, without a byte order mark and with `\n` as line ends. */
  readonly hash: string;
  /** Runs outside a transaction, as `create index concurrently` must: the file begins with `-- polder: no transaction` and holds one statement. */
  readonly outsideTransaction: boolean;
}

/** Reads the migrations of a domain in the order of their names. None when the folder is missing. */
export async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [] as string[];
    throw error;
  });
  const files = names.filter((name) => name.endsWith(".sql")).sort(compareNames);
  return await Promise.all(files.map(async (name) => migrationOf(name, await readFile(join(folder, name), "utf8"))));
}

/** Orders migrations: by their names without the extension, sign by sign, so that `0001-stock` comes before `0001-stock-more`. */
export function compareNames(a: string, b: string): number {
  const [left, right] = [a, b].map((name) => name.replace(/\.sql$/, "")) as [string, string];
  return left < right ? -1 : Number(left > right);
}

/** A migration of a text. */
export function migrationOf(name: string, text: string): Migration {
  const sql = text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  return {
    name,
    sql,
    hash: createHash("sha256").update(sql).digest("hex"),
    outsideTransaction: /^\s*--\s*polder:\s*no transaction\s*$/im.test(sql.split("\n", 1)[0] ?? ""),
  };
}
