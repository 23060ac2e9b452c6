import type { Gone } from "@polder/model";

/** A row, or a part of one, as it is written. */
export type PartialRow = Readonly<Record<string, unknown>>;

/** What an event says of a row; see `Change` of the model. */
export type SaidChange = PartialRow | Gone<PartialRow> | undefined;

/** What becomes of the row of one key. */
export interface RowChange {
  readonly key: PartialRow;
  /** What was there goes first. */
  readonly isGone: boolean;
  /** What is known of it then, with the key; missing where it only goes. */
  readonly row?: PartialRow;
}

/** What many changes, in their order, make of each key: one change a key. Pure. */
export function foldChanges(said: readonly SaidChange[], keyColumns: readonly string[]): readonly RowChange[] {
  const folded = new Map<string, RowChange>();
  for (const change of said) {
    if (change === undefined) continue;
    const isGone = isGoneChange(change);
    const about = isGone ? change.gone : change;
    const key = Object.fromEntries(keyColumns.map((column) => [column, about[column]]));
    const id = JSON.stringify(Object.values(key));
    const before = folded.get(id);
    if (isGone) folded.set(id, { key, isGone: true });
    else folded.set(id, { key, isGone: before?.isGone === true, row: { ...before?.row, ...known(change) } });
  }
  return [...folded.values()];
}

function isGoneChange(change: NonNullable<SaidChange>): change is Gone<PartialRow> {
  return Object.hasOwn(change, "gone");
}

/** Of a column that is undefined nothing is said. */
function known(row: PartialRow): PartialRow {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}
