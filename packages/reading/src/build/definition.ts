import { createHash } from "node:crypto";
import { type Copied, domainOf, type Replica, schemaName } from "@polder/model";
import { identifier } from "@polder/postgres";
import { sqlColumns } from "../replica/sql-columns.ts";

/** SQL that makes the tables of a read model or a replica; names without a schema. */
export function tablesOf(copied: Copied): string {
  return copied.kind === "read model" ? copied.tables : sqlReplicaTable(copied);
}

/** The fingerprint of its tables. A build is known by this and the version. */
export function definitionOf(copied: Copied): string {
  const sql = tablesOf(copied).replaceAll(/\s+/g, " ").trim();
  return createHash("sha256").update(sql).digest("hex").slice(0, 16);
}

/** What the subscriptions of its builds are for: each is called so, with the number of the build. */
export function purposeOf({ kind, name }: Pick<Copied, "kind" | "name">): string {
  return `${kind === "read model" ? "read-model" : "replica"}-${name}`;
}

/** The domains by whose events it is kept. */
export function publishersOf({ events }: Pick<Copied, "events">): readonly string[] {
  return [...new Set(events.map(domainOf))];
}

/** The name of a replica's table. */
export function replicaTable({ name }: Pick<Replica, "name">): string {
  return schemaName(name);
}

function sqlReplicaTable({ name, key, columns, indexes }: Replica): string {
  const sqlTable = identifier(replicaTable({ name }));
  const sqlDefinitions = Object.entries({ ...key, ...columns })
    .map(([column, type]) => sqlDefinition(column, type))
    .join(", ");
  return [
    `create table ${sqlTable} (${sqlDefinitions}, primary key (${sqlColumns(Object.keys(key))}))`,
    ...indexes.map((indexed) => `create index on ${sqlTable} (${sqlColumns(indexed)})`),
  ].join(";\n");
}

function sqlDefinition(column: string, type: string): string {
  return `${identifier(column)} ${type.endsWith(" null") ? type.slice(0, -" null".length) : `${type} not null`}`;
}
