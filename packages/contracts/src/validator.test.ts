import { describe, expect, test } from "vitest";
import { z } from "zod";
import { conform, validatorOf } from "./index.ts";

const line = z.object({ sku: z.string().min(1), quantity: z.int().min(1).default(1) });
const order = z.object({ orderId: z.uuid(), lines: z.array(line).min(1), note: z.string().optional() });
const orderId = "0b0f3a52-9d0e-4a3c-8f7e-0d6f2b3c4d5e";

describe("a writer's view", () => {
  test("fills defaults in", async () => {
    // #region example
    const line = z.object({ sku: z.string().min(1), quantity: z.int().min(1).default(1) });
    const checked = await validatorOf(line, "writer")({ sku: "teapot" });
    const refused = await validatorOf(line, "writer")({ sku: "teapot", colour: "red" });
    // #endregion example
    expect(checked).toEqual({ valid: true, value: { sku: "teapot", quantity: 1 } });
    expect(refused).toEqual({
      valid: false,
      violations: [{ pointer: "/colour", problem: "is not a field of the contract" }],
    });
    const result = await validatorOf(order, "writer")({ orderId, lines: [{ sku: "a" }] });
    expect(result).toEqual({ valid: true, value: { orderId, lines: [{ sku: "a", quantity: 1 }] } });
  });

  test("lists every violation with its pointer, unknown fields among them", async () => {
    const result = await validatorOf(
      order,
      "writer",
    )({ orderId: "x", lines: [{ quantity: 0 }, { sku: "a", "co/lor": "red" }], extra: 1 });
    expect(result.valid).toBe(false);
    expect(result.valid ? [] : result.violations.map(({ pointer }) => pointer).sort()).toEqual([
      "/extra",
      "/lines/0/quantity",
      "/lines/0/sku",
      "/lines/1/co~1lor",
      "/orderId",
    ]);
  });

  test("closes an intersection as a whole, not each of its parts", async () => {
    const both = z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() }));
    expect((await validatorOf(both, "writer")({ a: "1", b: "2" })).valid).toBe(true);
    expect((await validatorOf(both, "writer")({ a: "1", b: "2", c: "3" })).valid).toBe(false);
  });

  test("closes an intersection of schemas that have names, and the schemas themselves where they stand alone", async () => {
    const Person = z.object({ name: z.string() }).meta({ id: "Person" });
    const Guest = Person.and(z.object({ seat: z.int() })).meta({ id: "Guest" });
    const table = z.object({ host: Person, guests: z.array(Guest.and(z.object({ late: z.boolean() }))) });
    const isValid = async (host: object, guest: object): Promise<boolean> =>
      (await validatorOf(table, "writer")({ host, guests: [guest] })).valid;
    const [host, guest] = [{ name: "Ada" }, { name: "Bob", seat: 1, late: false }];
    expect(await isValid(host, guest)).toBe(true);
    expect(await isValid({ ...host, seat: 1 }, guest)).toBe(false);
    expect(await isValid(host, { ...guest, more: 1 })).toBe(false);
    expect(await isValid(host, { name: "Bob", late: false })).toBe(false);
  });

  test("closes an intersection with a named schema, which is closed where it stands alone", async () => {
    const address = z.object({ street: z.string() }).meta({ id: "Address" });
    const both = z.object({ home: address.and(z.object({ note: z.string() })), work: address });
    const home = { street: "1", note: "2" };
    expect((await validatorOf(both, "writer")({ home, work: { street: "3" } })).valid).toBe(true);
    for (const wrong of [
      { home, work: home },
      { home: { ...home, zip: "4" }, work: { street: "3" } },
    ])
      expect((await validatorOf(both, "writer")(wrong)).valid).toBe(false);
  });

  test("closes the variants of a union", async () => {
    const union = z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("a"), x: z.int() }),
      z.object({ kind: z.literal("b") }),
    ]);
    expect((await validatorOf(union, "writer")({ kind: "a", x: 1 })).valid).toBe(true);
    expect((await validatorOf(union, "writer")({ kind: "b", x: 1 })).valid).toBe(false);
  });

  test("holds what only the schema library can say", async () => {
    const even = z.object({ n: z.int().refine((n) => n % 2 === 0, "must be even") });
    const result = await validatorOf(even, "writer")({ n: 3 });
    expect(result).toEqual({ valid: false, violations: [{ pointer: "/n", problem: "must be even" }] });
  });
});

describe("a reader's view", () => {
  test("leaves unknown fields alone and keeps them, also where the schema is strict", async () => {
    const strict = z.strictObject({ a: z.string().default("x"), inner: z.strictObject({ b: z.int() }) });
    const result = await validatorOf(strict, "reader")({ inner: { b: 1, more: 2 }, later: true });
    expect(result).toEqual({ valid: true, value: { a: "x", inner: { b: 1, more: 2 }, later: true } });
  });

  test("still refuses what the contract forbids", async () => {
    expect((await validatorOf(order, "reader")({ orderId, lines: [] })).valid).toBe(false);
  });
});

test("CONTRACT_VIOLATED names what, where and why", async () => {
  await expect(conform(order, "writer", { orderId, lines: [] }, "the input of order.place")).rejects.toMatchObject({
    code: "CONTRACT_VIOLATED",
    message: expect.stringContaining("/lines must NOT have fewer than 1 items"),
  });
});
