import { identifier } from "@polder/postgres";

/** A list of columns in SQL: `"sku", "name"`, or of a table by another name `t."sku", t."name"`. */
export function sqlColumns(columns: readonly string[], table?: string): string {
  return columns.map((column) => sqlColumn(column, table)).join(", ");
}

/** One column in SQL: `"sku"`, or of a table by another name `t."sku"`. */
export function sqlColumn(column: string, table?: string): string {
  return table === undefined ? identifier(column) : identifier(table, column);
}
