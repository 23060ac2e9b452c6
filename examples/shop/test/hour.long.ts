import { expect, test } from "vitest";
import { type Bound, type Course, coursesOf } from "./growth.ts";
import { watchShop } from "./hour.ts";

const minutes = Number(process.env["POLDER_MINUTES"] ?? 3);

const mebibytes = 1_048_576;
const bounds: readonly Bound[] = [
  { of: "rss", share: 0.1, amount: 16 * mebibytes },
  { of: "heap", share: 0.1, amount: 4 * mebibytes },
  { of: "files", share: 0, amount: 10 },
  { of: "connections", share: 0, amount: 10 },
  { of: "disk", share: 0.1, amount: mebibytes },
  // They go a partition of 10,000 rows at a time.
  { of: "rows log", share: 0.1, amount: 20_000 },
  { of: "rows outbox", share: 0.1, amount: 20_000 },
  { of: "bytes log", share: 0.1, amount: 20 * mebibytes },
  { of: "bytes _outbox", share: 0.1, amount: 20 * mebibytes },
  { of: "rows", share: 0.1, amount: 1_000 },
  { of: "bytes", share: 0.1, amount: 4 * mebibytes },
];

test(`${minutes} minutes of the shop, with a fault now and then: nothing grows`, {
  timeout: (minutes + 5) * 60_000,
}, async () => {
  const seed = Number(process.env["POLDER_SEED"] ?? Date.now() % 1_000_000);
  const { samples, totals, struck, disagreements } = await watchShop({ minutes, seed });
  const courses = coursesOf(samples, bounds);
  process.stdout.write(`${JSON.stringify({ seed, struck, totals, samples: samples.length })}\n${tableOf(courses)}\n`);
  expect(disagreements, `seed ${seed}`).toEqual([]);
  expect(totals.unanswered, `seed ${seed}`).toBe(0);
  expect(courses.filter(({ growth, bound }) => growth > bound)).toEqual([]);
});

function tableOf(courses: readonly Course[]): string {
  const line = (cells: readonly string[]) =>
    cells.map((cell, index) => (index === 0 ? cell.padEnd(28) : cell.padStart(14))).join("");
  const heading = line(["", "first", "last", "most", "growth", "bound"]);
  const rows = courses.map(({ name, ...figures }) =>
    line([name, ...Object.values(figures).map((figure) => Math.round(figure).toLocaleString("en"))]),
  );
  return [heading, ...rows].join("\n");
}
