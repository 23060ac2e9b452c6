import { readFileSync } from "node:fs";

/**
 * Reads a file of `sql/` and fills its `{{placeholders}}` with text that is already quoted for SQL.
 *
 * @throws when a placeholder has no value: a mistake of this package.
 */
export function sqlFile(name: string, values: object = {}): string {
  const text = readFileSync(new URL(`../sql/${name}.sql`, import.meta.url), "utf8");
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_match, placeholder: string) => {
    const value: unknown = Reflect.get(values, placeholder);
    if (typeof value !== "string") throw new Error(`sql/${name}.sql asks for {{${placeholder}}}`);
    return value;
  });
}
