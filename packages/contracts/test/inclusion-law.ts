import { compareSchemas } from "@polder/contracts";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { fullFormats } from "ajv-formats/dist/formats.js";
import fc from "fast-check";
import { arbitraryPair, arbitraryValue } from "./arbitrary-schema.ts";

type Json = Readonly<Record<string, unknown>>;

/** How many pairs of schemas are compared, and how deep they nest. */
export interface LawOptions {
  readonly pairs: number;
  readonly seed: number;
  /** Most of the time goes into Ajv's compiling, which grows with the size of the schemas. */
  readonly depthMax: number;
}

/** What became of some pairs of schemas. */
export interface LawOutcome {
  readonly pairs: number;
  readonly included: number;
  readonly refuted: number;
  readonly undecided: number;
  /** Values that the writer may send and the reader was asked about, of pairs that are said to be compatible. */
  readonly sent: number;
}

/**
 * Compares generated pairs of schemas and holds each verdict against Ajv: where the reader is said to accept everything
 * that the writer may send, it accepts generated values of the writer; where it is said not to, the witness is
 * accepted by the writer and refused by the reader.
 *
 * @throws with the seed and the smallest pair found, where a verdict is wrong.
 */
export function runInclusionLaw({ pairs, seed, depthMax }: LawOptions): LawOutcome {
  const outcome = { pairs: 0, included: 0, refuted: 0, undecided: 0, sent: 0 };
  const compile = openCompiler();
  const values = fc.array(arbitraryValue, { minLength: 15, maxLength: 15 });
  const property = fc.property(arbitraryPair(depthMax), values, ([writer, reader], some) => {
    outcome.pairs += 1;
    const inclusion = compareSchemas({ writer, reader });
    if (inclusion.verdict === "undecided") {
      outcome.undecided += 1;
      return;
    }
    const written = compile(writer);
    const mayWrite = (value: unknown): boolean => written(value) && !isMisjudged(writer, value);
    if (inclusion.verdict === "included") {
      outcome.included += 1;
      const known = instancesOf(writer);
      const near = known.flatMap((value) => neighboursOf(value, some)).slice(0, NEIGHBOURS_MAX);
      const sent = [...some, ...known, ...near].filter((value) => mayWrite(value));
      outcome.sent += sent.length;
      const refused = sent.length === 0 ? undefined : sent.find(isRefusedBy(compile(reader)));
      if (refused !== undefined) throw new Error(`is called compatible, but ${JSON.stringify(refused)} is refused`);
      return;
    }
    outcome.refuted += 1;
    const { witness } = inclusion;
    if (isMisjudged([writer, reader], witness)) return;
    if (!mayWrite(witness)) throw new Error(`the witness ${JSON.stringify(witness)} cannot be written`);
    if (compile(reader)(witness)) throw new Error(`the witness ${JSON.stringify(witness)} is read`);
  });
  fc.assert(property, { numRuns: pairs, seed, endOnFailure: false });
  return outcome;
}

/**
 * Where one array after the other has to contain something, Ajv 8.20 takes an empty one for as good as the one before it
 * (`{"additionalProperties": {"contains": true}}` takes `{"a": [1], "b": []}`): it cannot be asked about these.
 */
function isMisjudged(schemas: unknown, value: unknown): boolean {
  return JSON.stringify(value)?.includes("[]") === true && JSON.stringify(schemas).includes('"contains"');
}

function isRefusedBy(reads: ValidateFunction): (value: unknown) => boolean {
  return (value) => !reads(value);
}

/** Values that the engine itself finds for a writer, of each type some: a reader of all others refuses them. */
function instancesOf(writer: unknown): readonly unknown[] {
  return ["object", "array", "string", "number", "boolean", "null"].flatMap((type) => {
    const found: unknown[] = [];
    for (let times = 0; times < 2; times += 1) {
      const known = found.length === 0 ? [] : [{ enum: found }];
      const inclusion = compareSchemas({ writer, reader: { anyOf: [{ not: { type } }, ...known] } });
      if (inclusion.verdict !== "not-included") break;
      found.push(inclusion.witness);
    }
    return found;
  });
}

/** Values close to those that were found, at most: they are what a verdict that is a little wrong lets through. */
const NEIGHBOURS_MAX = 60;

/** Values that differ from one in a part: it is left out, is another value, or has a further one beside it. */
function neighboursOf(value: unknown, others: readonly unknown[]): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [];
  const [first = null, second = null, third = null] = others;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return [
      ...[first, second, ...items].map((more) => [...items, more]),
      ...items.flatMap((item, index) => [
        items.toSpliced(index, 1),
        ...[first, third, ...neighboursOf(item, others)].map((other) => items.with(index, other)),
      ]),
    ];
  }
  const added = ["a", "ab", "b1"].flatMap((name, index) => [
    { ...value, [name]: others[index] },
    { ...value, [name]: third },
  ]);
  const changed = Object.entries(value).flatMap(([name, part]: [string, unknown]) => {
    const { [name as keyof typeof value]: _, ...rest } = value;
    const replaced = [first, second, ...neighboursOf(part, others)].map((other) => ({ ...value, [name]: other }));
    return [rest, ...replaced];
  });
  return [...changed, ...added];
}

/** Schemas that one instance of Ajv compiles: it keeps what it has compiled. */
const COMPILED_MAX = 200;

/** Compiles schemas that are used a few times each, one after the other. */
function openCompiler(): (schema: Json) => ValidateFunction {
  let ajv = openAjv();
  let compiled = new Map<string, ValidateFunction>();
  return (schema) => {
    const text = JSON.stringify(schema);
    const known = compiled.get(text);
    if (known !== undefined) return known;
    if (compiled.size >= COMPILED_MAX) {
      ajv = openAjv();
      compiled = new Map();
    }
    const { $defs, ...rest } = schema;
    // Said twice no: below a `not` Ajv writes no code that describes errors.
    const validate = ajv.compile({ $defs, not: { not: rest } });
    compiled.set(text, validate);
    return validate;
  };
}

/** Checking and optimising each schema would take longer than using it; they are sound by construction. */
function openAjv(): Ajv2020 {
  const { date, uuid, int32 } = fullFormats;
  return new Ajv2020({
    strict: false,
    formats: { date, uuid, int32 },
    logger: false,
    messages: false,
    meta: false,
    validateSchema: false,
    code: { optimize: false },
  });
}
