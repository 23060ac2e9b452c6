import { PARTS } from "../names.ts";

/** A range of parts as the table of checkpoints has it. */
export interface CheckpointRange {
  readonly lo: number;
  readonly hi: number;
  readonly seq: bigint;
  readonly epoch: bigint;
  /** The process that holds it; nothing when nobody does. */
  readonly owner: string | undefined;
  /** Does this process hold it? */
  readonly mine: boolean;
  /** Does nobody hold it? */
  readonly free: boolean;
}

/** What a process does next so that all processes share a subscription evenly. */
export type BalanceStep =
  | { readonly kind: "none" }
  | { readonly kind: "claim" }
  | { readonly kind: "release"; readonly range: CheckpointRange }
  | { readonly kind: "split"; readonly range: CheckpointRange }
  | { readonly kind: "merge"; readonly left: CheckpointRange; readonly right: CheckpointRange };

/**
 * Decides one step. Pure. Every process runs it on what it sees, and every step is small: in the end
 * every range has an owner, every live process holds one, and none more than its share.
 *
 * A range without an owner is claimed by whoever has fewer than its share. Fewer ranges than processes:
 * the owner of the widest splits it. More ranges than processes: an owner of two neighbours that have come
 * equally far joins them.
 */
export function balance(ranges: readonly CheckpointRange[], instances: number): BalanceStep {
  const mine = ranges.filter((range) => range.mine);
  const shareMax = Math.ceil(ranges.length / Math.max(1, instances));
  if (mine.length < shareMax && ranges.some((range) => range.free)) return { kind: "claim" };
  if (ranges.length > instances) {
    for (const left of mine) {
      const right = mine.find((range) => range.lo === left.hi + 1 && range.seq === left.seq);
      if (right !== undefined) return { kind: "merge", left, right };
    }
  }
  // Somebody has none: whoever has several gives one away.
  const owners = new Set(ranges.flatMap(({ owner }) => owner ?? [])).size;
  const isOwed = owners < Math.min(instances, ranges.length) && mine.length > 1 && !ranges.some((range) => range.free);
  const narrowest = [...mine].sort((a, b) => width(a) - width(b) || b.lo - a.lo)[0];
  if ((mine.length > shareMax || isOwed) && narrowest !== undefined) return { kind: "release", range: narrowest };
  if (ranges.length < Math.min(instances, PARTS)) {
    const widest = [...ranges].sort((a, b) => width(b) - width(a) || a.lo - b.lo)[0];
    if (widest?.mine === true && width(widest) > 1) return { kind: "split", range: widest };
  }
  return { kind: "none" };
}

/** The last part of the lower half of a range. */
export function middleOf(range: CheckpointRange): number {
  return Math.floor((range.lo + range.hi) / 2);
}

function width(range: CheckpointRange): number {
  return range.hi - range.lo + 1;
}
