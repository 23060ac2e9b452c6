import fc from "fast-check";
import { expect, test } from "vitest";
import { partOf } from "../subscription/parking.ts";
import { keyFingerprint, partOfFingerprint } from "./key-fingerprint.ts";

test("a key's fingerprint says in which part the key is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (key) => {
      expect(keyFingerprint(key)).toMatch(/^[\w-]{8}$/);
      expect(partOfFingerprint(keyFingerprint(key))).toBe(partOf(key));
    }),
  );
});
