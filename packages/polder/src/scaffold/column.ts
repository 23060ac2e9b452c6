import type { JsonSchema } from "@polder/model";
import { kebabCase } from "./names.ts";

/** A field of a contract as a column of PostgreSQL. */
export interface Column {
  /** As the contract calls it. */
  readonly field: string;
  /** As the table calls it, without quotes. */
  readonly name: string;
  readonly type: string;
  /** Whether the field may be null or left out. */
  readonly isNullable: boolean;
}

/** The fields of an object as columns; those that no column could be named after are left out. */
export function columnsOf({ properties = {}, required = [] }: JsonSchema): readonly Column[] {
  const names = new Set<string>();
  return Object.entries(properties as Readonly<Record<string, JsonSchema>>).flatMap(([field, schema]) => {
    const name = snakeCase(field);
    if (!/^[A-Za-z_$][\w$]*$/.test(field) || !/^[a-z][a-z0-9_]{0,62}$/.test(name) || names.has(name)) return [];
    names.add(name);
    const { type, isNullable } = typeOf(schema);
    return [{ field, name, type, isNullable: isNullable || !(required as readonly string[]).includes(field) }];
  });
}

/** `orderId` is `order_id`, `order-overview` is `order_overview`. */
export function snakeCase(name: string): string {
  return kebabCase(name).replaceAll("-", "_");
}

/** A name as SQL writes it: in quotes where PostgreSQL keeps the word for itself. */
export function sqlName(name: string): string {
  return reserved.has(name) ? `"${name}"` : name;
}

/** Columns whose values come from PostgreSQL as they are in contracts. */
export function isAsInContracts({ type }: Pick<Column, "type">): boolean {
  return ["boolean", "text", "uuid"].includes(type);
}

function typeOf(schema: JsonSchema): Pick<Column, "type" | "isNullable"> {
  const choices = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
  const variants = choices ?? [schema["type"] ?? []].flat().map((type) => ({ ...schema, type }));
  const [only, ...others] = variants.filter(({ type }) => type !== "null");
  const isNullable = variants.some(({ type }) => type === "null");
  return { type: only === undefined || others.length > 0 ? "jsonb" : singleType(only), isNullable };
}

function singleType({ type, format }: JsonSchema): string {
  if (type === "string") return formats.get(String(format)) ?? "text";
  if (type === "boolean") return "boolean";
  // Whole numbers of JSON may be longer than an integer of PostgreSQL.
  return type === "integer" ? "bigint" : type === "number" ? "numeric" : "jsonb";
}

const formats: ReadonlyMap<string, string> = new Map([
  ["uuid", "uuid"],
  ["date", "date"],
  ["date-time", "timestamptz"],
]);

/** PostgreSQL 18, appendix C: what cannot be the name of a column or table without quotes. */
const reserved = new Set(
  "all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column concurrently constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning right select session_user similar some symmetric system_user table tablesample then to trailing true union unique user using variadic verbose when where window with".split(
    " ",
  ),
);
