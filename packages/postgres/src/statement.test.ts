import { expect, test } from "vitest";
import { statementNames, templateStatement, toConfig, unnamed } from "./statement.ts";

test("every value of a template becomes a parameter", () => {
  const sql = (parts: TemplateStringsArray, ...values: readonly unknown[]) => templateStatement(parts, values);
  expect(sql`select ${1} where a = ${"'; drop table a"} and b = ${null}`).toEqual({
    text: "select $1 where a = $2 and b = $3",
    values: [1, "'; drop table a", null],
  });
  expect(sql`select 1`).toEqual({ text: "select 1", values: [] });
});

test("a text has one name, and no two texts have the same", () => {
  const names = statementNames();
  const given = Array.from({ length: 1_000 }, (_, n) => names.nameOf(`select ${n}`));
  expect(new Set(given).size).toBe(1_000);
  expect(names.nameOf("select 7")).toBe(given[7]);
});

test("names are bounded: what comes later is sent unprepared", () => {
  const names = statementNames();
  for (let n = 0; n < 1_000; n += 1) names.nameOf(`select ${n}`);
  expect(names.nameOf("one more")).toBeUndefined();
  expect(toConfig({ text: "one more", values: [1] }, names)).toEqual({ text: "one more", values: [1] });
  names.renew("one more");
  expect(names.nameOf("one more")).toBeUndefined();
});

test("a renewed text has a name that none has had", () => {
  const names = statementNames();
  const before = ["a", "b"].map(names.nameOf);
  names.renew("a");
  expect(before).not.toContain(names.nameOf("a"));
  expect(names.nameOf("b")).toBe(before[1]);
});

test("without names nothing is prepared", () => {
  expect(toConfig({ text: "select 1", values: [] }, unnamed)).toEqual({ text: "select 1", values: [] });
});
