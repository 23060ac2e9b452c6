import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { orderIdOf } from "./order-id.ts";

test("every key gives a UUID, the same one each time", () => {
  fc.assert(
    fc.property(fc.string(), (key) => {
      expect(z.uuid({ version: "v8" }).safeParse(orderIdOf(key)).success).toBe(true);
      expect(orderIdOf(key)).toBe(orderIdOf(key));
    }),
  );
});

test("different keys give different orders", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 2 }), (keys) => {
      expect(new Set(keys.map(orderIdOf)).size).toBe(keys.length);
    }),
  );
});
