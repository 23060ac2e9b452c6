import { validatorOf } from "@polder/contracts";
import { httpErrors } from "@polder/http";
import type { AnySchema, Composition, CompositionJoin, CompositionSource } from "@polder/model";
import { type Asker, stitch } from "@polder/reading";
import * as fc from "fast-check";
import { instancesOf } from "./instances-of.ts";
import { validValue } from "./valid-value.ts";

/** How thoroughly a composition is checked. */
export interface CheckCompositionOptions {
  /** Rounds of values that are made up for its sources. Default 100. */
  readonly runs?: number;
  /** Of the values; the same seed makes up the same ones. Default: a fresh one, which a failure names. */
  readonly seed?: number;
}

/**
 * Checks a composition with values that are made up from the schemas of its sources: its answer is what its contract
 * accepts, whichever of the optional parts are missing, and nothing that is missing looks real: a list that has something
 * in it with a part is null or left out without the part, and never empty. A refusal of a source that is passed on fits
 * what the contract says of it.
 *
 * @throws Error with what is wrong, a counterexample made as small as could be, and the seed.
 */
export async function checkComposition(
  composition: Composition,
  { runs = 100, seed }: CheckCompositionOptions = {},
): Promise<void> {
  const parameters = { numRuns: runs, ...(seed === undefined ? {} : { seed }) };
  const { sources, joins } = composition.composition;
  for (const [name, part] of [...Object.entries(sources), ...Object.entries(joins)])
    for (const refusal of refusalsPassedOn(part)) await checkRefusal(composition, { name, part, refusal }, parameters);
  const made = fc.record({ sources: madeUp(sources), joins: madeUp(joins), missing: subsetsOf(composition) });
  const property = fc.asyncProperty(made, async (found) => {
    const world = await worldOf(composition, found);
    fc.pre(world !== undefined);
    if (world === undefined) return;
    const whole = await answerWithout(composition, world, []);
    for (const missing of found.missing) {
      const answer = await answerWithout(composition, world, missing);
      const looksReal = emptiedLists(whole, answer, "");
      if (looksReal.length > 0)
        throw new Error(
          `${nameOf(composition)} without ${missing.join(", ")} answers an empty list at ${looksReal.join(", ")}, as if there were nothing: answer null there, or leave it out`,
        );
    }
  });
  await fc.assert(property, parameters);
}

/** What is made up for one part: some outputs, how many items each key has, and whether there is nothing at all. */
interface MadeUp {
  readonly outputs: readonly unknown[];
  readonly counts: readonly number[];
  readonly isAbsent: boolean;
}

type MadeUps = Readonly<Record<string, MadeUp>>;

/** Items of a key, and outputs of a part, that are made up at most. */
const MADE_UP_MAX = 3;

function madeUp(parts: Readonly<Record<string, CompositionSource>>): fc.Arbitrary<MadeUps> {
  const of = ({ asked, absent = [] }: CompositionSource): fc.Arbitrary<MadeUp> =>
    fc.record({
      outputs: fc.array(instancesOf(asked.output), { minLength: 1, maxLength: MADE_UP_MAX }),
      counts: fc.array(fc.nat({ max: MADE_UP_MAX }), { minLength: 1, maxLength: MADE_UP_MAX }),
      isAbsent: absent.length === 0 ? fc.constant(false) : fc.boolean(),
    });
  return fc.record(Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, of(part)])));
}

/** Optional parts up to which every subset of them is tried in every round; of more, some are made up. */
const EVERY_SUBSET_MAX = 5;

/** Which of the optional parts are missing together. */
function subsetsOf({ composition: { sources, joins } }: Composition): fc.Arbitrary<readonly (readonly string[])[]> {
  const optional = [...Object.entries(sources), ...Object.entries(joins)]
    .filter(([, part]) => part.optional === true)
    .map(([name]) => name);
  if (optional.length > EVERY_SUBSET_MAX)
    return fc.array(fc.subarray(optional, { minLength: 1 }), { minLength: 1, maxLength: 2 ** EVERY_SUBSET_MAX });
  let every: readonly (readonly string[])[] = [[]];
  for (const name of optional) every = [...every, ...every.map((subset) => [...subset, name])];
  return fc.constant(every.slice(1));
}

/** The made-up values as their contracts have them, or nothing where one is none of its contract. */
async function worldOf(
  { composition: { sources, joins } }: Composition,
  made: { readonly sources: MadeUps; readonly joins: MadeUps },
): Promise<MadeUps | undefined> {
  const parts = { ...sources, ...joins };
  const found: Record<string, MadeUp> = {};
  for (const [name, { outputs, ...rest }] of Object.entries({ ...made.sources, ...made.joins })) {
    const { output } = (parts[name] as CompositionSource).asked;
    const valid = await Promise.all(outputs.map((value) => validValue(output, value)));
    const values = valid.flatMap((one) => (one === undefined ? [] : [one.value]));
    if (values.length === 0) return undefined;
    found[name] = { ...rest, outputs: values };
  }
  return found;
}

/** What is answered when some parts are missing, as it would travel; it is held to the contract. */
async function answerWithout(composition: Composition, world: MadeUps, missing: readonly string[]): Promise<unknown> {
  const stitched = await stitch(composition, askerOf(world, new Set(missing)));
  if (stitched.kind === "refused") return undefined;
  const copy: unknown = JSON.parse(JSON.stringify(stitched.output) ?? "null");
  const checked = await validatorOf(composition.declared.output, "writer")(copy);
  if (checked.valid) return checked.value;
  const places = checked.violations.map(
    ({ pointer, problem }) => `${pointer === "" ? "the answer" : pointer} ${problem}`,
  );
  const without = missing.length === 0 ? "" : ` without ${missing.join(", ")}`;
  throw new Error(`${nameOf(composition)}${without} answers what its contract does not say: ${places.join("; ")}`);
}

function askerOf(world: MadeUps, missing: ReadonlySet<string>): Asker {
  const madeFor = (name: string, { query, absent = [] }: CompositionSource): MadeUp & { readonly refusal?: string } => {
    if (missing.has(name)) throw httpErrors.CALL_UNREACHABLE("It is missing, to see what is answered then.", query);
    const made = world[name] as MadeUp;
    const [refusal] = absent;
    return made.isAbsent && refusal !== undefined ? { ...made, refusal } : made;
  };
  return {
    source: async (name, source) => {
      const { outputs, refusal } = madeFor(name, source);
      if (refusal !== undefined) return { ok: false, refusal, details: {} };
      return { ok: true, value: structuredClone(outputs[0]) };
    },
    join: async (name, join, keys) => {
      const { outputs, counts, refusal } = madeFor(name, join);
      if (refusal !== undefined) return keys.map(() => ({ ok: false, refusal, details: {} }));
      return keys.map((key, index) => ({
        ok: true,
        value: structuredClone(itemsFor(join, { key, outputs, count: counts[index % counts.length] ?? 1, index })),
      }));
    },
  };
}

interface ItemsWanted {
  readonly key: unknown;
  readonly outputs: readonly unknown[];
  readonly count: number;
  readonly index: number;
}

/** The items of a key: those of the made-up outputs in turn, said to be of this key. */
function itemsFor(
  { asked: { batch } }: CompositionJoin,
  { key, outputs, count, index }: ItemsWanted,
): readonly unknown[] {
  if (batch === undefined) return [outputs[index % outputs.length]];
  const pool = outputs.flatMap((output) => (output as Readonly<Record<string, readonly object[]>>)[batch.items] ?? []);
  return pool.slice(0, count).map((item) => ({ ...item, [batch.key]: key }));
}

/** The refusals of a part that end the whole. */
function refusalsPassedOn({ asked, absent = [], optional }: CompositionSource): readonly string[] {
  if (optional === true) return [];
  return Object.keys(asked.refusals).filter((refusal) => !absent.includes(refusal));
}

interface PassedOn {
  readonly name: string;
  readonly part: CompositionSource;
  readonly refusal: string;
}

async function checkRefusal(
  composition: Composition,
  { name, part, refusal }: PassedOn,
  parameters: { readonly numRuns: number; readonly seed?: number },
): Promise<void> {
  const said = part.asked.refusals[refusal] as AnySchema;
  const declared = composition.declared.refusals[refusal] as AnySchema;
  const property = fc.asyncProperty(instancesOf(said), async (made) => {
    const details = await validValue(said, made);
    fc.pre(details !== undefined);
    if (details !== undefined && (await validValue(declared, details.value)) === undefined)
      throw new Error(
        `${nameOf(composition)} passes the refusal ${refusal} of "${name}" on, but says otherwise what belongs to it: ${JSON.stringify(details.value)}`,
      );
  });
  await fc.assert(property, parameters);
}

/** Where a list that has something in it has become an empty one. */
function emptiedLists(whole: unknown, part: unknown, pointer: string): readonly string[] {
  if (typeof whole !== "object" || whole === null || typeof part !== "object" || part === null) return [];
  if (Array.isArray(whole) && Array.isArray(part) && whole.length > 0 && part.length === 0) return [pointer];
  return Object.entries(whole).flatMap(([name, value]) =>
    pointer === "" && name === "missing"
      ? []
      : emptiedLists(value, (part as Readonly<Record<string, unknown>>)[name], `${pointer}/${name}`),
  );
}

function nameOf({ api, operation }: Composition): string {
  return `${api}.${operation}`;
}
