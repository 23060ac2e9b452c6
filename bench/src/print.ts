import type { Losses, Measured } from "./benchmark.ts";
import type { Figure } from "./figure.ts";
import type { Machine } from "./machine.ts";

/** A result as it is printed. */
export interface Result extends Omit<Measured, "postgres"> {
  readonly name: string;
  /** When it was measured, in ISO 8601. */
  readonly at: string;
  readonly commit: string;
  readonly machine: Machine;
}

/** A result for programs: `ratios` maps each name to its median, `spread` to its smallest and largest value. */
export function json({ ratios, ...result }: Result): string {
  const all = Object.entries(ratios);
  return JSON.stringify({
    ...result,
    ratios: Object.fromEntries(all.map(([name, { median }]) => [name, median])),
    spread: Object.fromEntries(all.map(([name, { min, max, repetitions }]) => [name, { min, max, repetitions }])),
  });
}

/** A result as a page to read. */
export function page({ name, at, commit, machine, ratios, figures, losses }: Result): string {
  const { cpu, cores, memory, node, postgres, kernel } = machine;
  const on = `${cores} × ${cpu}, ${memory} GiB, Linux ${kernel}, Node ${node}, PostgreSQL ${postgres}`;
  return [
    `${name}, commit ${commit}, ${at}`,
    on,
    "",
    ...table("ratio", ratios),
    "",
    ...table("figure", figures),
    ...(Object.keys(losses).length === 0 ? [] : ["", ...lossTable(losses)]),
    "",
  ].join("\n");
}

function table(head: string, figures: Readonly<Record<string, Figure>>): readonly string[] {
  const rows = Object.entries(figures).map(([name, { median, min, max, repetitions, unit }]) => [
    name,
    `${median}${unit === "" ? "" : ` ${unit}`}`,
    `${min} to ${max}`,
    `${repetitions}×`,
  ]);
  return aligned([[head, "median", "from, to", "times"], ...rows]);
}

function lossTable(losses: Readonly<Record<string, Losses>>): readonly string[] {
  const rows = Object.entries(losses).map(([system, { published, lost, doubled, misordered }]) =>
    [system, published, lost, doubled, misordered].map(String),
  );
  return aligned([["events of", "published", "lost", "doubled", "misordered"], ...rows]);
}

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
