import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { POSITION_KEYS_MAX, type Position, readPosition, writePosition } from "./index.ts";

const whole: Position = {
  publisher: "order",
  deployment: "0123456789abcdef",
  xid: "18446744073709551615",
  events: ["order.OrderPlaced", "order.OrderPaid"],
  last: "0190a3c1-7e5b-4c00-8000-0123456789ab",
  keys: ["abcdefgh", "-_345678"],
  since: 1_790_000_000_000,
};

const text = (length: number, characters: string) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength: length, maxLength: length });
const position: fc.Arbitrary<Position> = fc.record(
  {
    publisher: fc.constantFrom("order", "product-catalog", "a".repeat(40)),
    deployment: text(16, "0123456789abcdef"),
    xid: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map(String),
    last: fc.uuid(),
    keys: fc.array(text(8, "abcXYZ019-_"), { minLength: 1, maxLength: POSITION_KEYS_MAX }),
    since: fc.nat(),
  },
  { requiredKeys: ["publisher", "deployment", "xid"] },
);
const named = fc.array(fc.stringMatching(/^[A-Z][A-Za-z0-9]{0,80}$/), { minLength: 1, maxLength: 20 });

describe("a position as text", () => {
  test("is read as it was written", () => {
    expect(readPosition(writePosition(whole))).toEqual(whole);
    fc.assert(fc.property(position, (one) => void expect(readPosition(writePosition(one))).toEqual(one)));
  });

  test("is for headers and URLs, and never long; of too many names of events none is said", () => {
    fc.assert(
      fc.property(position, named, (one, names) => {
        const events = names.map((name) => `${one.publisher}.${name}`);
        const written = writePosition({ ...one, events });
        expect(written).toMatch(/^[\w-]{1,1024}$/);
        const read = readPosition(written);
        expect({ ...one, events }).toMatchObject(read ?? { publisher: "cannot be read" });
        expect(read?.events !== undefined || names.join().length > 300).toBe(true);
      }),
    );
  });
});

const written = (value: unknown): string => btoa(JSON.stringify(value)).replaceAll("=", "");
const plain = { format: 1, publisher: "order", deployment: "0123456789abcdef", xid: "5" };

describe("no position", () => {
  test("is any other text", () => {
    fc.assert(fc.property(fc.string(), (any) => void expect(readPosition(any)).toBeUndefined()));
    fc.assert(fc.property(fc.jsonValue(), (any) => void expect(readPosition(written(any))).toBeUndefined()));
  });

  test("is a position that has been cut, or has something between", () => {
    const good = writePosition(whole);
    for (let length = 0; length < good.length; length += 1)
      expect(readPosition(good.slice(0, length)), `the first ${length} characters`).toBeUndefined();
    for (const bad of [` ${good}`, `${good},`, `${good}${"A".repeat(1_024)}`, good.replace("e", "é")])
      expect(readPosition(bad)).toBeUndefined();
  });

  test.each<[string, object]>([
    ["of a later release", { format: 2 }],
    ["without a domain", { publisher: undefined }],
    ["of a domain that cannot be", { publisher: "order; drop table" }],
    ["of a contract", { publisher: "order.OrderPlaced" }],
    ["of another kind of database", { deployment: "0123456789ABCDEF" }],
    ["without a transaction", { xid: undefined }],
    ["of a transaction that is a number", { xid: 5 }],
    ["of transaction 0", { xid: "0" }],
    ["of a negative transaction", { xid: "-5" }],
    ["of a transaction that is too large", { xid: "18446744073709551616" }],
    ["with events that are none", { events: ["order.OrderPlaced"] }],
    ["with no events at all", { events: [] }],
    ["with a last event that is none", { last: "1" }],
    ["with half a key", { keys: "abcdefghi" }],
    ["with no key at all", { keys: "" }],
    ["with too many keys", { keys: "abcdefgh".repeat(33) }],
    ["since a time that is none", { since: 1e300 }],
    ["since a text", { since: "2026-01-01" }],
  ])("is one %s", (_, change) => {
    expect(readPosition(written(plain))).toBeDefined();
    expect(readPosition(written({ ...plain, ...change }))).toBeUndefined();
  });
});
