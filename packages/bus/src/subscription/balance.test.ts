import fc from "fast-check";
import { expect, test } from "vitest";
import { balance, type CheckpointRange, middleOf } from "./balance.ts";

interface Range {
  lo: number;
  hi: number;
  seq: bigint;
  epoch: bigint;
  owner: string | undefined;
}

/** Lets one process take the step that it decides for, as the table of checkpoints would. */
function step(table: Range[], me: string, live: readonly string[]): boolean {
  const seen: CheckpointRange[] = table.map((range) => ({
    ...range,
    mine: range.owner === me,
    free: range.owner === undefined,
  }));
  const next = balance(seen, live.length);
  const at = (range: CheckpointRange): Range => table.find(({ lo }) => lo === range.lo) as Range;
  switch (next.kind) {
    case "none":
      return false;
    case "claim": {
      const free = seen.find((range) => range.free);
      if (free !== undefined) Object.assign(at(free), { owner: me, epoch: free.epoch + 1n });
      return true;
    }
    case "release":
      at(next.range).owner = undefined;
      return true;
    case "split": {
      const middle = middleOf(next.range);
      table.push({ ...at(next.range), lo: middle + 1, owner: undefined });
      at(next.range).hi = middle;
      return true;
    }
    case "merge":
      at(next.left).hi = next.right.hi;
      table.splice(table.indexOf(at(next.right)), 1);
      return true;
  }
}

function covers(table: readonly Range[]): boolean {
  const sorted = [...table].sort((a, b) => a.lo - b.lo);
  return (
    sorted[0]?.lo === 0 &&
    sorted.at(-1)?.hi === 63 &&
    sorted.every((range, index) => index === 0 || range.lo === (sorted[index - 1]?.hi ?? 0) + 1)
  );
}

test("whoever comes and goes, in whatever order they act: every part has one range, and in the end every process has its share", () => {
  const population = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(population, fc.infiniteStream(fc.nat()), (sizes, choices) => {
      const table: Range[] = [{ lo: 0, hi: 63, seq: 0n, epoch: 0n, owner: undefined }];
      for (const size of sizes) {
        const live = Array.from({ length: size }, (_, index) => `process-${index}`);
        // Those that are gone hold nothing.
        for (const range of table)
          if (range.owner !== undefined && !live.includes(range.owner)) range.owner = undefined;
        let still = 0;
        for (let turns = 0; turns < 5_000 && still < 200; turns += 1) {
          const me = live[choices.next().value % size] ?? "process-0";
          still = step(table, me, live) ? 0 : still + 1;
          expect(covers(table)).toBe(true);
        }
        const owned = live.map((one) => table.filter(({ owner }) => owner === one).length);
        expect(table.every(({ owner }) => owner !== undefined)).toBe(true);
        expect(Math.min(...owned)).toBeGreaterThanOrEqual(1);
        expect(Math.max(...owned)).toBeLessThanOrEqual(Math.ceil(table.length / size));
      }
    }),
    { numRuns: 100 },
  );
});

test("neighbours are joined only where they have come equally far", () => {
  const range = { epoch: 1n, owner: "me", mine: true, free: false };
  const apart = [
    { ...range, lo: 0, hi: 31, seq: 5n },
    { ...range, lo: 32, hi: 63, seq: 6n },
  ];
  expect(balance(apart, 1)).toEqual({ kind: "none" });
  const level = apart.map((one) => ({ ...one, seq: 6n }));
  expect(balance(level, 1)).toMatchObject({ kind: "merge", left: { lo: 0 }, right: { lo: 32 } });
});
