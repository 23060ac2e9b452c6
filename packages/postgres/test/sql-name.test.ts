import { type Database, identifier, literal } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

let server: TestServer;
let database: TestDatabase;
let admin: Database;

beforeAll(async () => {
  server = await testServer();
  database = await server.database();
  admin = database.admin;
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** What PostgreSQL can keep: no NUL, no half of a character. With the signs that quoting is about, often. */
const text = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom('"', "'", "\\", "$", "$$", ";", "\n", "--", "%", "é", "🌷"),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
    ),
  })
  .filter((value) => value.isWellFormed() && !value.includes("\0"));
/** A name is not empty, and has at most 63 bytes. */
const name = text.filter((value) => value !== "" && Buffer.byteLength(value) <= 63);

test("a literal is the text that it was made of, whatever the setting of strings", async () => {
  for (const setting of ["on", "off"]) {
    const session = await admin.connect();
    await session.query(`set standard_conforming_strings = ${setting}`).catch(() => undefined);
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        const { rows } = await session.query<{ value: string }>(`select${literal(value)}::text as value`);
        expect(rows).toEqual([{ value }]);
      }),
      { numRuns: 300 },
    );
    await session.end();
  }
});

test("an identifier is the name that it was made of", async () => {
  await fc.assert(
    fc.asyncProperty(name, async (column) => {
      const { rows } = await admin.query(`select 1 as ${identifier(column)}`);
      expect(rows).toEqual([{ [column]: 1 }]);
    }),
    { numRuns: 300 },
  );
});

test("a path of names leads to the table of that schema", async () => {
  await fc.assert(
    fc.asyncProperty(name, name, async (schema, table) => {
      const session = await admin.connect();
      try {
        await session.query("begin");
        await session.query(`create schema ${identifier(schema)}; create table ${identifier(schema, table)} ()`);
        const { rows } = await session.query(
          "select nspname::text as schema, relname::text as table from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1::regclass",
          [identifier(schema, table)],
        );
        expect(rows).toEqual([{ schema, table }]);
      } finally {
        await session.end();
      }
    }),
    { numRuns: 50 },
  );
});

test("what PostgreSQL cannot keep is refused, not changed", () => {
  expect(() => identifier("a\0b")).toThrow(RangeError);
  expect(() => literal("a\0b")).toThrow(RangeError);
});
