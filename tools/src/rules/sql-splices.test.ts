import { expect, test } from "vitest";
import { sourceTree } from "../source-tree.ts";
import { sqlSplices } from "./sql-splices.ts";

test("values spliced into SQL are reported", () => {
  const wrong = sourceTree({
    "packages/x/src/wrong.ts": [
      "`select * from stock where sku = '${sku}'`;",
      "`\n  -- the newest first\n  DELETE FROM ${table.name}`;",
      "`grant usage on schema ${quote(schema)} to ${identifier(role)}`;",
      '"create role " + name;',
    ].join("\n"),
  });
  expect(sqlSplices(wrong).map(({ line, message }) => [line, message.split(" into SQL")[0]])).toEqual([
    [1, "splices ${sku}"],
    [4, "splices ${table.name}"],
    [5, "splices ${quote(schema)}"],
    [6, "splices ${name}"],
  ]);
});

test("quoted names, named pieces of SQL, parameters of a tag, and prose pass", () => {
  const right = sourceTree({
    "packages/x/src/right.ts": [
      "`alter role ${identifier(role)} password ${literal(password)}`;",
      "`select ${sqlColumns} from stock ${sqlWhere(filter)} limit ${ROWS_MAX}`;",
      "sql`select * from stock where sku = ${sku}`;",
      "`Create the role ${role} first.`;",
      "`selected ${count} rows`;",
    ].join("\n"),
    "packages/x/src/right.test.ts": "`select ${value}`;",
    "bench/src/right.ts": "`select ${value}`;",
  });
  expect(sqlSplices(right)).toEqual([]);
});
