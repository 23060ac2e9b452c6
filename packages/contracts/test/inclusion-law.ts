import { compareSchemas } from "@polder/contracts";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { fullFormats } from "ajv-formats/dist/formats.js";
import fc from "fast-check";
import { arbitraryPair, arbitraryValue } from "./arbitrary-schema.ts";

/** What became of some pairs of schemas. */
export interface LawOutcome {
  readonly pairs: number;
  readonly included: number;
  readonly refuted: number;
  readonly undecided: number;
  /** Values that the writer may send, of pairs that are said to be compatible. */
  readonly sent: number;
}

/**
 * Compares generated pairs of schemas and holds each verdict against Ajv: where the reader is said to accept everything
 * that the writer may send, it accepts generated values of the writer; where it is said not to, the witness is
 * accepted by the writer and refused by the reader.
 *
 * @throws with the seed and the smallest pair found, where a verdict is wrong.
 */
export function runInclusionLaw({ pairs, seed }: { readonly pairs: number; readonly seed: number }): LawOutcome {
  const outcome = { pairs: 0, included: 0, refuted: 0, undecided: 0, sent: 0 };
  const values = fc.array(arbitraryValue, { minLength: 15, maxLength: 15 });
  const property = fc.property(arbitraryPair, values, ([writer, reader], some) => {
    outcome.pairs += 1;
    const inclusion = compareSchemas({ writer, reader });
    if (inclusion.verdict === "undecided") {
      outcome.undecided += 1;
      return;
    }
    const mayWrite = compiled(writer);
    const reads = compiled(reader);
    if (inclusion.verdict === "included") {
      outcome.included += 1;
      for (const value of [...some, ...instancesOf(writer)]) {
        if (!mayWrite(value)) continue;
        outcome.sent += 1;
        if (!reads(value)) throw new Error(`is called compatible, but ${JSON.stringify(value)} is refused`);
      }
      return;
    }
    outcome.refuted += 1;
    const { witness } = inclusion;
    if (!mayWrite(witness)) throw new Error(`the witness ${JSON.stringify(witness)} cannot be written`);
    if (reads(witness)) throw new Error(`the witness ${JSON.stringify(witness)} is read`);
  });
  fc.assert(property, { numRuns: pairs, seed, endOnFailure: false });
  return outcome;
}

/** Values that the engine itself finds for a writer: one that a reader of nothing refuses, then another one. */
function instancesOf(writer: unknown): readonly unknown[] {
  const found: unknown[] = [];
  for (let times = 0; times < 3; times += 1) {
    const inclusion = compareSchemas({ writer, reader: found.length === 0 ? false : { enum: found } });
    if (inclusion.verdict !== "not-included") break;
    found.push(inclusion.witness);
  }
  return found;
}

const ajv = new Ajv2020({
  strict: false,
  formats: fullFormats,
  logger: false,
  // The schemas are sound by construction; checking and optimising each would take longer than using it.
  meta: false,
  validateSchema: false,
  code: { optimize: false },
});

function compiled(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  const validate = ajv.compile(schema);
  // An instance keeps every schema that it has compiled.
  ajv.removeSchema();
  return validate;
}
