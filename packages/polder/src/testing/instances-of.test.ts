import { type Validated, validatorOf } from "@polder/contracts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { instancesOf } from "./instances-of.ts";

const Person = z.object({ name: z.string() }).meta({ id: "Person" });
interface Branch {
  readonly size: number;
  readonly branches: readonly Branch[];
}
const Tree: z.ZodType<Branch> = z.object({
  size: z.int(),
  get branches() {
    return z.array(Tree);
  },
});
interface Link {
  readonly next: Link | null;
}
const Chain: z.ZodType<Link> = z.object({
  get next() {
    return z.union([z.null(), Chain]);
  },
});

test.each<[what: string, schema: z.ZodType]>([
  ["a record of names that are known", z.record(z.enum(["a", "b"]), z.int())],
  ["a record of others", z.record(z.string(), z.int())],
  ["a tuple", z.tuple([z.int(), z.string()])],
  [
    "variants",
    z.discriminatedUnion("kind", [z.object({ kind: z.literal("a"), x: z.int() }), z.object({ kind: z.literal("b") })]),
  ],
  ["an intersection with a named schema", Person.and(z.object({ id: z.int() }))],
  ["what has itself in lists", Tree],
  ["what has itself as the last alternative", Chain],
  ["a long text", z.string().min(500)],
  ["a short text", z.string().min(3).max(5)],
  ["a beginning and an end", z.string().startsWith("ab").endsWith("z")],
  ["a pattern", z.string().regex(/^[A-Z]{3}-\d+$/)],
  ["an address", z.email().max(254)],
  ["an address of one domain", z.email({ pattern: /^[a-z]{1,9}@corp[.]example$/ })],
  ["a UUID of one version", z.uuidv4()],
  ["a time", z.iso.datetime()],
  ["a duration", z.iso.duration()],
  ["a host", z.hostname()],
  ["a multiple", z.int().multipleOf(7)],
  ["a multiple of a half", z.number().multipleOf(0.5)],
  ["a number between two", z.int().gt(5).lt(7)],
])("values are made up for %s", async (_, schema) => {
  const validate = validatorOf(schema, "writer");
  const results: Validated[] = [];
  for (const value of fc.sample(instancesOf(schema), { numRuns: 100, seed: 1 })) results.push(await validate(value));
  const valid = results.filter((result) => result.valid);
  expect(valid.length).toBeGreaterThan(90);
});
