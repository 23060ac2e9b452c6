import type { Reader, Replica } from "@polder/model";
import { identifier } from "@polder/postgres";
import { replicaTable } from "../build/definition.ts";
import { foldChanges, type PartialRow, type RowChange, type SaidChange } from "./fold-changes.ts";

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
  const sqlTable = identifier(replicaTable(replica));
  const sqlColumns = given.map((column) => identifier(column));
  const set = given.filter((column) => !(column in replica.key)).map((column) => identifier(column));
  const isWhole = Object.entries(replica.columns).every(([column, type]) => type.endsWith(" null") || column in first);
  const sqlRows = `json_populate_recordset(null::${sqlTable}, $1) r`;
  const sqlInsert = `insert into ${sqlTable} as t (${sqlColumns.join(", ")})
select ${sqlColumns.map((column) => `r.${column}`).join(", ")}
from ${sqlRows}
on conflict (${sqlKey(replica)}) do ${set.length === 0 ? "nothing" : `update set ${set.map((column) => `${column} = excluded.${column}`).join(", ")}`}`;
  const sqlUpdate = `update ${sqlTable} t
set ${set.map((column) => `${column} = r.${column}`).join(", ")}
from ${sqlRows}
where ${sqlSameKey(replica, "r")}`;
  if (!isWhole && set.length === 0) return;
  await tx.query(isWhole ? sqlInsert : sqlUpdate, [JSON.stringify(rows)]);
}

function columnsOf(row: PartialRow): string {
  return Object.keys(row).sort().join();
}

function sqlKey({ key }: Replica): string {
  return Object.keys(key)
    .map((column) => identifier(column))
    .join(", ");
}

function sqlSameKey({ key }: Replica, other: string): string {
  return Object.keys(key)
    .map((column) => `t.${identifier(column)} = ${other}.${identifier(column)}`)
    .join(" and ");
}
