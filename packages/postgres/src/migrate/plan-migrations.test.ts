import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planMigrations } from "./plan-migrations.ts";
import { type Migration, migrationOf } from "./read-migrations.ts";

const migrations = (...names: readonly string[]): readonly Migration[] =>
  names.map((name) => migrationOf(name, `select '${name}'`));
const planned = (found: readonly Migration[], applied: readonly Migration[]): readonly string[] =>
  planMigrations("order", found, applied).map(({ name }) => name);

describe("what has yet to run", () => {
  test("is all of it at first, in the order of the names without the extension", () => {
    const found = migrations("0002.sql", "0001-stock-more.sql", "0001-stock.sql", "0001.sql");
    expect(planned(found, [])).toEqual(["0001.sql", "0001-stock.sql", "0001-stock-more.sql", "0002.sql"]);
  });

  test("is what comes after all that has run", () => {
    const found = migrations("0001.sql", "0002.sql", "0003.sql");
    expect(planned(found, found.slice(0, 1))).toEqual(["0002.sql", "0003.sql"]);
    expect(planned(found, found)).toEqual([]);
  });

  test("goes on from any point, and ends where one run would have ended", () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[0-9a-z-]{1,6}$/), { maxLength: 12 });
    fc.assert(
      fc.property(names, fc.nat(12), (stems, at) => {
        const found = migrations(...stems.map((stem) => `${stem}.sql`));
        const all = planMigrations("order", found, []);
        expect(planned(found, all.slice(0, at))).toEqual(all.slice(at).map(({ name }) => name));
      }),
    );
  });
});

describe("migrations only go forward", () => {
  const found = migrations("0001.sql", "0003.sql");

  test.each([
    ["MIGRATION_CHANGED", "0001.sql", found, [{ name: "0001.sql", hash: "other" }]],
    ["MIGRATION_MISSING", "0002.sql", found, migrations("0001.sql", "0002.sql")],
    ["MIGRATION_OUT_OF_ORDER", "0001.sql", found, migrations("0003.sql")],
  ])("%s", (code, migration, onDisk, applied) => {
    expect(() => planMigrations("order", onDisk, applied)).toThrow(
      expect.objectContaining({ code, details: { domain: "order", migration } }),
    );
  });
});

test("a migration asks in its first line to run outside a transaction", () => {
  expect(migrationOf("a.sql", "-- polder: no transaction\r\nselect 1").outsideTransaction).toBe(true);
  expect(migrationOf("a.sql", "select 1;\n-- polder: no transaction").outsideTransaction).toBe(false);
});
