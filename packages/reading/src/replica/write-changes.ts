import type { Reader, Replica } from "@polder/model";
import { identifier } from "@polder/postgres";
import { replicaTable } from "../build/definition.ts";
import { foldChanges, type PartialRow, type RowChange, type SaidChange } from "./fold-changes.ts";
import { sqlColumn, sqlColumns } from "./sql-columns.ts";

/**
 * Writes what events say of the rows of a replica, in a transaction that finds its table: in as many statements as there
 * are sets of columns. A row that is not there is made where all is known that it must have, and is otherwise left alone.
 */
export async function writeChanges(
  tx: Pick<Reader, "query">,
  replica: Replica,
  said: readonly SaidChange[],
): Promise<void> {
  const changes = foldChanges(said, Object.keys(replica.key));
  const gone = changes.filter(({ isGone }) => isGone).map(({ key }) => key);
  if (gone.length > 0) await remove(tx, replica, gone);
  const rows = changes.flatMap(({ row }: RowChange) => (row === undefined ? [] : [row]));
  for (const alike of Map.groupBy(rows, columnsOf).values()) await write(tx, replica, alike);
}

async function remove(tx: Pick<Reader, "query">, replica: Replica, keys: readonly PartialRow[]): Promise<void> {
  const sqlTable = identifier(replicaTable(replica));
  await tx.query(
    `delete from ${sqlTable} t
using json_populate_recordset(null::${sqlTable}, $1) k
where ${sqlSameKey(replica, "k")}`,
    [JSON.stringify(keys)],
  );
}

async function write(tx: Pick<Reader, "query">, replica: Replica, rows: readonly PartialRow[]): Promise<void> {
  const [first = {}] = rows;
  const given = Object.keys(first);
  const strange = given.filter((column) => !(column in replica.key) && !(column in replica.columns));
  if (strange.length > 0) throw new Error(`the replica "${replica.name}" has no column ${strange.join(", ")}`);
  const isWhole = Object.entries(replica.columns).every(([column, type]) => type.endsWith(" null") || column in first);
  const changed = given.filter((column) => !(column in replica.key));
  if (!isWhole && changed.length === 0) return;
  const sql = isWhole ? sqlInsert(replica, given, changed) : sqlUpdate(replica, changed);
  await tx.query(sql, [JSON.stringify(rows)]);
}

function sqlInsert(replica: Replica, given: readonly string[], changed: readonly string[]): string {
  const sqlTable = identifier(replicaTable(replica));
  const sqlAction = changed.length === 0 ? "nothing" : `update set ${sqlAssignments(changed, "excluded")}`;
  return `insert into ${sqlTable} as t (${sqlColumns(given)})
select ${sqlColumns(given, "r")}
from json_populate_recordset(null::${sqlTable}, $1) r
on conflict (${sqlColumns(Object.keys(replica.key))}) do ${sqlAction}`;
}

function sqlUpdate(replica: Replica, changed: readonly string[]): string {
  const sqlTable = identifier(replicaTable(replica));
  return `update ${sqlTable} t
set ${sqlAssignments(changed, "r")}
from json_populate_recordset(null::${sqlTable}, $1) r
where ${sqlSameKey(replica, "r")}`;
}

function sqlAssignments(columns: readonly string[], from: string): string {
  return columns.map((column) => `${sqlColumn(column)} = ${sqlColumn(column, from)}`).join(", ");
}

function columnsOf(row: PartialRow): string {
  return Object.keys(row).sort().join();
}

function sqlSameKey({ key }: Replica, other: string): string {
  return Object.keys(key)
    .map((column) => `${sqlColumn(column, "t")} = ${sqlColumn(column, other)}`)
    .join(" and ");
}
