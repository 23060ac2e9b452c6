import { isPolderError, silentLogger } from "@polder/model";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compose } from "../src/index.ts";
import { composePlainly } from "./reference.ts";
import { type Asked, behaviours, callInto, composed, KEYS_AT_ONCE, type PartSpec, type World } from "./world.ts";

const owner = fc.constantFrom("near", "far", "soft");
const policy = { optional: fc.boolean(), isGoneAbsent: fc.boolean() };
const source = fc.record({ owner, kind: fc.constant("list"), ...policy });
const join = fc.record({
  owner,
  kind: fc.constantFrom("one", "many"),
  keysMax: fc.constantFrom(undefined, undefined, 2),
  /** Which of the parts before it are read. */
  reads: fc.array(fc.nat(), { minLength: 1, maxLength: 2 }),
  ...policy,
});

/** Parts of which each reads only ones before it, and another order in which they are declared. */
const plans = fc
  .tuple(fc.array(source, { minLength: 1, maxLength: 3 }), fc.array(join, { maxLength: 4 }))
  .map(([sources, joins]) => {
    const specs: PartSpec[] = sources.map((one, index) => ({ ...one, name: `s${index}`, reads: [] }) as PartSpec);
    for (const { reads, ...one } of joins) {
      const names = specs.map(({ name }) => name);
      const read = new Set(reads.map((index) => names[index % names.length] as string));
      specs.push({ ...one, name: `j${specs.length}`, reads: [...read] } as PartSpec);
    }
    return specs;
  })
  .chain((specs) => fc.shuffledSubarray(specs, { minLength: specs.length }).map((declared) => ({ specs, declared })));

const operations = ["list", "one", "many"].flatMap((kind) => ["near", "far", "soft"].map((name) => `${name}.${kind}`));
const worlds: fc.Arbitrary<World> = fc.dictionary(fc.constantFrom(...operations), fc.constantFrom(...behaviours), {
  maxKeys: 3,
});

test("whatever is composed, it is what the plainest way gives, or ends as that does, with no more calls than it takes", async () => {
  let answered = 0;
  const property = fc.asyncProperty(
    plans,
    worlds,
    fc.constantFrom("x", "y", "z"),
    fc.infiniteStream(fc.nat(5)),
    async ({ specs, declared }, world, start, turns) => {
      const { call, asked } = callInto(world, () => Number(turns.next().value));
      const expected = composePlainly(declared, { order: specs.map(({ name }) => name), world, start });
      const given = await compose(composed(declared), {
        input: { start },
        call,
        deadlineMs: 20_000,
        signal: new AbortController().signal,
        log: silentLogger,
      }).catch((error: unknown) => {
        if (!isPolderError(error)) throw error;
        return { kind: "failed", code: error.code };
      });
      const end = given as { readonly kind?: string; readonly code?: string; refusal?: string; details?: unknown };
      if (expected.ends.length === 0) {
        answered += 1;
        expect(given).toEqual(expected.answer);
        if (Object.keys(world).length === 0) expectFewCalls(asked, declared);
      } else if (end.kind === "failed") expect(expected.ends).toContain(`failed ${end.code}`);
      else expect(expected.ends).toContain(`refused ${end.refusal} ${JSON.stringify(end.details)}`);
      expect(asked.concurrentMax).toBeLessThanOrEqual(8);
    },
  );
  await fc.assert(property, { numRuns: 1_000 });
  // Otherwise the law would say little.
  expect(answered).toBeGreaterThan(200);
});

/** One call for each source, no key twice, and as many in a call as it takes: each join leaves one that is not full. */
function expectFewCalls({ calls }: Asked, declared: readonly PartSpec[]): void {
  const keysOf = new Map<string, unknown[]>();
  for (const { operation, input } of calls.filter((one) => !one.operation.endsWith(".list"))) {
    const keys = operation.endsWith(".one") ? [input["id"]] : (input["ids"] as readonly unknown[]);
    expect(keys.length).toBeLessThanOrEqual(KEYS_AT_ONCE);
    keysOf.set(operation, [...(keysOf.get(operation) ?? []), ...keys]);
  }
  for (const [operation, keys] of keysOf) {
    expect(new Set(keys).size).toBe(keys.length);
    const joins = declared.filter(({ owner: asked, kind }) => `${asked}.${kind}` === operation).length;
    const count = calls.filter((one) => one.operation === operation).length;
    const perCall = operation.endsWith(".one") ? 1 : KEYS_AT_ONCE;
    expect(count).toBeLessThanOrEqual(Math.floor(keys.length / perCall) + joins);
  }
  const sources = declared.filter(({ reads }) => reads.length === 0).length;
  expect(calls.filter(({ operation }) => operation.endsWith(".list"))).toHaveLength(sources);
}
