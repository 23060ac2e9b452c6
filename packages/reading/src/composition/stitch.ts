import {
  type Composition,
  type CompositionJoin,
  type CompositionSource,
  isPolderError,
  type Missing,
  type Refused,
} from "@polder/model";
import { readingErrors } from "../errors.ts";
import { foundSoFar } from "./found-so-far.ts";
import { freezeDeep } from "./freeze-deep.ts";
import { distinctKeys, joinedBy } from "./joined.ts";
import { missingBecause, missingRefused } from "./missing.ts";

/** What a part was answered: a value, perhaps of a fallback, or a refusal. */
export type PartOutcome<Value> =
  | { readonly ok: true; readonly value: Value; readonly fallback?: string }
  | { readonly ok: false; readonly refusal: string; readonly details: unknown };

/** Asks the parts of a composition; what it throws is the failure of the part. */
export interface Asker {
  readonly source: (name: string, source: CompositionSource) => Promise<PartOutcome<unknown>>;
  /** Gives what there is for each key, in the order of the keys. There are none twice. */
  readonly join: (
    name: string,
    join: CompositionJoin,
    keys: readonly unknown[],
  ) => Promise<readonly PartOutcome<readonly unknown[]>[]>;
}

/** Keys of a join at most, where its query answers for many at once, and where each is a call. */
const KEYS_PER_JOIN_MAX = 10_000;
const CALLS_PER_JOIN_MAX = 100;

/** What a composition was answered: its output, and which parts that was made without; or a refusal. */
export type Stitched =
  | { readonly kind: "answered"; readonly output: unknown; readonly missing: readonly Lack[] }
  | Refused;

/** A part that is missing or substituted, and the error of its call where there was one. */
export interface Lack {
  readonly missing: Missing;
  readonly error?: unknown;
}

/**
 * Answers a composition from what an asker gives: sources at once, each join as soon as what its keys are made of is
 * there. The first required part that fails or refuses ends it; the asker is to give the others up then.
 *
 * @throws the failure of a required part, `COMPOSITION_TOO_WIDE`, `COMPOSITION_CIRCULAR`, and what the functions of
 * the composition throw.
 */
export async function stitch(composition: Composition, asker: Asker): Promise<Stitched> {
  const { sources, joins, answer, saysMissing } = composition.composition;
  const found = foundSoFar(composition, [...Object.keys(sources), ...Object.keys(joins)]);
  const refused = Promise.withResolvers<Refused>();

  const settle = async (name: string, part: CompositionSource, ask: Ask): Promise<readonly [string, Ended]> => {
    const end = await tolerating(name, part, ask);
    if ("refusal" in end) {
      refused.resolve(end);
      // The whole has ended with it, and so has the wait for this part.
      return await new Promise<never>(() => undefined);
    }
    found.settle(name, freezeDeep(end.value));
    return [name, end];
  };
  const asked = Object.entries(sources).map(([name, source]) =>
    settle(name, source, () => askSource(asker, name, source)),
  );
  const joined = Object.entries(joins).map(async ([name, join]) => {
    const keys = await found.read(name, join.keys);
    if (!Array.isArray(keys))
      throw new TypeError(`The keys of the join "${name}" are no list; write keys: (found) => […]`);
    return await settle(name, join, () => askJoin(asker, composition, { name, join, keys }));
  });
  const ended = await Promise.race([refused.promise, Promise.all([...asked, ...joined])]);
  if ("refusal" in ended) return ended;
  const values = Object.fromEntries(ended.map(([name, { value }]) => [name, value]));
  const answered = await answer(Object.freeze(values) as never);
  const missing = ended.flatMap(([, { lack }]) => lack ?? []);
  const said = missing.map((lack) => lack.missing);
  return { kind: "answered", output: saysMissing ? { ...(answered as object), missing: said } : answered, missing };
}

type Ask = () => Promise<PartOutcome<unknown>>;

/** A part with which the answer can be made: its value is nothing where it is missing. */
interface Ended {
  readonly value?: unknown;
  readonly lack?: Lack;
}

/** Asks a part. Where it is optional, a failure or a refusal only leaves it missing; mistakes of the code do not. */
async function tolerating(name: string, { optional = false }: CompositionSource, ask: Ask): Promise<Ended | Refused> {
  let outcome: PartOutcome<unknown>;
  try {
    outcome = await ask();
  } catch (error) {
    if (!optional || !isPolderError(error)) throw error;
    return { lack: { missing: missingBecause(name, error), error } };
  }
  if (outcome.ok) {
    const { value, fallback } = outcome;
    if (fallback === undefined) return { value };
    return { value, lack: { missing: { source: name, code: fallback, substituted: true } } };
  }
  const { refusal, details } = outcome;
  return optional ? { lack: { missing: missingRefused(name, refusal) } } : { kind: "refused", refusal, details };
}

async function askSource(asker: Asker, name: string, source: CompositionSource): Promise<PartOutcome<unknown>> {
  const outcome = await asker.source(name, source);
  return isAbsent(source, outcome) ? { ok: true, value: null } : outcome;
}

interface AskedJoin {
  readonly name: string;
  readonly join: CompositionJoin;
  readonly keys: readonly unknown[];
}

async function askJoin(
  asker: Asker,
  composition: Composition,
  { name, join, keys: wanted }: AskedJoin,
): Promise<PartOutcome<unknown>> {
  const keysMax = join.keysMax ?? (join.asked.batch === undefined ? CALLS_PER_JOIN_MAX : KEYS_PER_JOIN_MAX);
  const keys = distinctKeys(wanted, keysMax);
  if (keys.length > keysMax) throw tooWide(composition, { name, join, keysMax });
  const outcomes = keys.length === 0 ? [] : await asker.join(name, join, keys);
  const refusing = outcomes.find((outcome) => !outcome.ok && !isAbsent(join, outcome));
  if (refusing !== undefined) return refusing;
  const items = outcomes.map((outcome) => freezeDeep(outcome.ok ? outcome.value : []));
  const substituted = outcomes.find((outcome) => outcome.ok && outcome.fallback !== undefined);
  return { ...substituted, ok: true, value: joinedBy(keys, items) };
}

function isAbsent({ absent = [] }: CompositionSource, outcome: PartOutcome<unknown>): boolean {
  return !outcome.ok && absent.includes(outcome.refusal);
}

function tooWide(
  { api, operation }: Composition,
  { name, join, keysMax }: { readonly name: string; readonly join: CompositionJoin; readonly keysMax: number },
): Error {
  const asked = `${join.query.api}.${join.query.operation}`;
  const wayOut =
    join.asked.batch === undefined
      ? `${asked} answers for one key, so each of them is a call: have its owner declare one with "batch", which answers for many.`
      : `Have the sources give a page at a time, or build a read model, which is made for many rows; "keysMax" of the join raises the bound.`;
  return readingErrors.COMPOSITION_TOO_WIDE(
    `The join "${name}" of ${api}.${operation} would ask ${asked} for more than ${keysMax} keys, so it was not asked. ${wayOut}`,
    { api, operation, join: name, keysMax },
  );
}
