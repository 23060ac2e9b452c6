import type { Reader, Replica } from "@polder/model";
import { identifier } from "@polder/postgres";
import { replicaTable } from "../build/definition.ts";
import { foldChanges, type PartialRow } from "./fold-changes.ts";

/** How many rows a replica has more when these have been written, in a transaction that finds its table. */
export async function countNew(
  tx: Pick<Reader, "query">,
  replica: Replica,
  written: readonly PartialRow[],
): Promise<number> {
  if (written.length === 0) return 0;
  const columns = Object.keys(replica.key);
  const keys = foldChanges(written, columns).map(({ key }) => key);
  const sqlTable = identifier(replicaTable(replica));
  const sqlKey = columns.map((column) => identifier(column)).join(", ");
  const { rows } = await tx.query<{ known: number }>(
    `select count(*)::int as known
from ${sqlTable}
where (${sqlKey}) in (select ${sqlKey} from json_populate_recordset(null::${sqlTable}, $1))`,
    [JSON.stringify(keys)],
  );
  return keys.length - (rows[0]?.known ?? 0);
}
