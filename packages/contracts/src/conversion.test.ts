import { type AnyEvent, type ApiCore, api, cannotConvert, event, query } from "@polder/model";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { eventConversion, operationConversion } from "./index.ts";

const key = z.string();
const Measured = event("lab.Measured", {
  key: "key",
  versions: {
    "1.0.0": z.object({ key, grams: z.int() }),
    "2.0.0": z.object({ key, weight: z.int(), unit: z.string() }),
    "2.1.0": z.object({ key, weight: z.int(), unit: z.string(), by: z.string().default("nobody") }),
    "4.0.0": z.object({ key, milligrams: z.int(), by: z.string().optional() }),
  },
  converters: {
    "2.0.0": {
      up: ({ grams, ...rest }) => ({ ...rest, weight: grams, unit: "g" }),
      down: ({ weight, unit, ...rest }) =>
        unit === "g" ? { ...rest, grams: weight } : cannotConvert(`${unit} is no unit of version 1`),
    },
    "4.0.0": {
      up: ({ key: id, weight, by }) => ({ key: id, milligrams: weight * 1_000, by }),
      down: ({ milligrams, by, ...rest }) => {
        const weight = milligrams / 1_000;
        const known = { ...rest, ...(by === undefined ? {} : { by }) };
        return weight > 1 ? { ...known, weight, unit: "g" } : { ...known, weight: milligrams, unit: "mg" };
      },
    },
  },
});

describe("an event", () => {
  const at = async (from: string, to: string, data: object): Promise<unknown> =>
    await eventConversion(Measured as unknown as AnyEvent, { from, to })?.convert(data);

  test("goes up and down through every major between, each step held to its version", async () => {
    expect(await at("1.0.0", "4.0.0", { key: "a", grams: 2 })).toEqual({ key: "a", milligrams: 2_000, by: "nobody" });
    expect(await at("4.0.0", "1.0.0", { key: "a", milligrams: 2_000, by: "Ada" })).toEqual({ key: "a", grams: 2 });
    await expect(at("4.0.0", "1.0.0", { key: "a", milligrams: 1_500 })).rejects.toMatchObject({
      code: "CONVERSION_FAILED",
      details: { converter: 'lab.Measured converters["4.0.0"].down', violations: [{ pointer: "/weight" }] },
    });
    await expect(at("4.0.0", "1.0.0", { key: "a", milligrams: 1_000 })).rejects.toMatchObject({
      code: "CONVERSION_IMPOSSIBLE",
      details: { converter: 'lab.Measured converters["2.0.0"].down', reason: "mg is no unit of version 1" },
    });
  });

  test("is left alone within its major, and unknown where the major is not declared", async () => {
    expect(await at("2.0.0", "2.1.0", { key: "a", weight: 1, unit: "g" })).toEqual({ key: "a", weight: 1, unit: "g" });
    expect(eventConversion(Measured as unknown as AnyEvent, { from: "3.0.0", to: "4.0.0" })).toBeUndefined();
  });
});

describe("an operation", () => {
  const DirtySince = z.object({ by: z.string(), since: z.string().optional() });
  const Lab = api("lab", {
    versions: {
      "1.0.0": {
        weigh: query("GET /weights/:key", {
          input: z.object({ key }),
          output: z.object({ grams: z.int() }),
          refusals: { Dirty: z.object({ by: z.string() }) },
        }),
        gone: query("GET /gone"),
      },
      "2.0.0": {
        measure: query("GET /measures/:key", {
          input: z.object({ key, unit: z.string() }),
          output: z.object({ weight: z.int() }),
          refusals: { Broken: z.object({ part: z.string() }), Dirty: z.object({ by: z.string() }) },
        }),
      },
      "2.1.0": {
        measure: query("GET /measures/:key", {
          input: z.object({ key, unit: z.string(), precise: z.boolean().default(false) }),
          output: z.object({ weight: z.int(), note: z.string().default("") }),
          refusals: { Broken: z.object({ part: z.string(), since: z.string().optional() }), Dirty: DirtySince },
        }),
      },
      "3.0.0": {
        weigh: query("GET /scales/:key", {
          input: z.object({ key, unit: z.string(), digits: z.int() }),
          output: z.object({ milligrams: z.int() }),
          refusals: { Broken: z.object({ parts: z.array(z.string()) }), Closed: z.object({}), Dirty: DirtySince },
        }),
      },
    },
    converters: {
      "2.0.0": {
        weigh: {
          as: "measure",
          input: ({ key: id }) => ({ key: id, unit: "g" }),
          output: ({ weight, ...rest }) => ({ ...rest, grams: weight }),
          refusals: { Broken: ({ part }) => cannotConvert(`the ${part} is broken`) },
        },
        gone: { as: null },
      },
      "3.0.0": {
        measure: {
          as: "weigh",
          input: ({ precise, ...rest }) => ({ ...rest, digits: precise ? 3 : 0 }),
          output: ({ milligrams }) => ({ weight: milligrams / 1_000 }),
          refusals: {
            Broken: ({ parts }) => ({ refusal: "Broken", details: { part: parts.join(" and "), since: "today" } }),
            Closed: (_closed) => ({ refusal: "Broken", details: { part: "door" } }),
          },
        },
      },
    },
  });
  const conversion = (major: number, operation: string) =>
    operationConversion(Lab as unknown as ApiCore, major, operation);

  test("of the oldest major is answered by the one that answers for it in the newest", async () => {
    const weigh = conversion(1, "weigh");
    expect(weigh?.operation).toBe("weigh");
    expect(await weigh?.raiseInput({ key: "a" })).toEqual({ key: "a", unit: "g", digits: 0 });
    expect(await weigh?.lowerOutput({ milligrams: 2_000 })).toEqual({ grams: 2 });
    expect(conversion(1, "gone")).toBeUndefined();
  });

  test("is refused as each version on the way knows it", async () => {
    const measure = conversion(2, "measure");
    const broken = { refusal: "Broken", details: { parts: ["scale", "lamp"] } };
    expect(await measure?.lowerRefusal(broken)).toEqual({
      refusal: "Broken",
      details: { part: "scale and lamp", since: "today" },
    });
    expect(await measure?.lowerRefusal({ refusal: "Closed", details: {} })).toMatchObject({
      details: { part: "door" },
    });
    await expect(conversion(1, "weigh")?.lowerRefusal({ refusal: "Closed", details: {} })).rejects.toMatchObject({
      code: "CONVERSION_IMPOSSIBLE",
      details: { reason: "the door is broken", version: "3.0.0" },
    });
  });

  test("is refused without what only a later minor knows, where no converter stands between", async () => {
    const dirty = { refusal: "Dirty", details: { by: "dust", since: "today" } };
    expect(await conversion(2, "measure")?.lowerRefusal(dirty)).toEqual(dirty);
    expect(await conversion(1, "weigh")?.lowerRefusal(dirty)).toEqual({ refusal: "Dirty", details: { by: "dust" } });
  });
});

test("what cannot even be looked at is CONVERSION_FAILED", async () => {
  const Odd = event("lab.Odd", {
    key: "key",
    versions: { "1.0.0": z.object({ key }), "2.0.0": z.object({ key, more: z.string() }) },
    converters: {
      "2.0.0": {
        up: ({ key: id }) => ({
          key: id,
          get more(): string {
            throw new Error("there is no more");
          },
        }),
        down: ({ key: id }) => ({ key: id }),
      },
    },
  });
  const conversion = eventConversion(Odd as unknown as AnyEvent, { from: "1.0.0", to: "2.0.0" });
  await expect(conversion?.convert({ key: "a" })).rejects.toMatchObject({
    code: "CONVERSION_FAILED",
    details: { converter: 'lab.Odd converters["2.0.0"].up' },
    cause: new Error("there is no more"),
  });
});

test("a converter that waits is CONVERSION_FAILED: it is a pure function", async () => {
  const Slow = event("lab.Slow", {
    key: "key",
    versions: { "1.0.0": z.object({ key }), "2.0.0": z.object({ key, more: z.string() }) },
    converters: {
      "2.0.0": { up: (async (old: object) => ({ ...old, more: "" })) as never, down: ({ key: id }) => ({ key: id }) },
    },
  });
  const conversion = eventConversion(Slow as unknown as AnyEvent, { from: "1.0.0", to: "2.0.0" });
  await expect(conversion?.convert({ key: "a" })).rejects.toMatchObject({
    code: "CONVERSION_FAILED",
    message: expect.stringContaining("is a promise"),
  });
});
