import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDatabaseUrl } from "./database-url.ts";

describe("the address of a database", () => {
  test.each([
    ["postgres://u:p@h:1/d", { host: "h", port: 1, user: "u", password: "p", database: "d" }],
    ["postgresql://h", { host: "h", port: 5432, user: "postgres", password: "", database: "postgres" }],
    ["postgres://u@h", { host: "h", port: 5432, user: "u", password: "", database: "u" }],
    ["postgres://u:p%40%2F%25@h/d%20e", { host: "h", port: 5432, user: "u", password: "p@/%", database: "d e" }],
    ["postgres://u:p@[::1]:5/d", { host: "::1", port: 5, user: "u", password: "p", database: "d" }],
    ["postgres://h/d?sslmode=disable", { host: "h", port: 5432, user: "postgres", password: "", database: "d" }],
    [
      "postgres://h/d?sslmode=require",
      { host: "h", port: 5432, user: "postgres", password: "", database: "d", encryption: "unverified" },
    ],
    [
      "postgres://h/d?sslmode=verify-full",
      { host: "h", port: 5432, user: "postgres", password: "", database: "d", encryption: "verified" },
    ],
  ])("%s", (text, address) => {
    expect(parseDatabaseUrl(text)).toEqual(address);
  });

  test("is read back whatever is in it", () => {
    const word = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(word, word, word, fc.integer({ min: 1, max: 65_535 }), (user, password, database, port) => {
        const [u, p, d] = [user, password, database].map(encodeURIComponent);
        const address = { host: "example.test", port, user, password, database };
        expect(parseDatabaseUrl(`postgres://${u}:${p}@example.test:${port}/${d}`)).toEqual(address);
      }),
    );
  });
});

describe("URL_INVALID", () => {
  test.each([
    "",
    "localhost:5432/shop",
    "mysql://u:p@h/d",
    "postgres:///d",
    "postgres://u:p@h:99999/d",
    "postgres://u:p%zz@h/d",
    "postgres://h/d?sslmode=prefer",
    "postgres://h/d?sslmode=",
    "postgres://h/d?sslrootcert=ca.pem",
    "postgres://h/d?sslmode=require&options=-c%20x",
  ])("%s", (text) => {
    expect(() => parseDatabaseUrl(text, "SHOP_URL")).toThrow(
      expect.objectContaining({ code: "URL_INVALID", details: { variable: "SHOP_URL" } }),
    );
  });

  test("never repeats the password, nor any other part of the address", () => {
    const secret = "k7Qz9-geheim";
    const around = fc.string().filter((text) => !text.includes(secret));
    fc.assert(
      fc.property(around, around, fc.constantFrom("postgres://", "postgres://u:", "http://u:", ""), (a, b, start) => {
        try {
          parseDatabaseUrl(`${start}${a}${secret}%zz${b}`);
        } catch (error) {
          expect(inspect(error, { depth: null, showHidden: true })).not.toContain(secret);
        }
      }),
    );
  });
});
