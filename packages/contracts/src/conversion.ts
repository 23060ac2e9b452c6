import { type AnyConverter, type AnySchema, convertOf, isUnconvertible } from "@polder/model";
import { contractErrors } from "./errors.ts";
import type { Narrow } from "./narrow.ts";
import { type Validated, type View, type Violation, validatorOf } from "./validator.ts";

/** One step between adjacent versions. */
export interface ConversionStep {
  /** The place of the converter in its declaration, such as `customer converters["2.0.0"].register.input`. */
  readonly converter: string;
  /** Nothing where both versions say the same. */
  readonly convert?: AnyConverter | undefined;
  /** Leaves out what the converter was not written for. */
  readonly narrow?: Narrow | undefined;
}

/** What a value has to be after a step. */
export interface ConversionTarget {
  readonly version: string;
  readonly schema: AnySchema;
  readonly view: View;
  /** A version at which nothing has to be converted. */
  readonly unconverted: string;
}

/**
 * Converts a value by one step, and holds what comes out to the version that it leads to.
 *
 * @throws `CONVERSION_IMPOSSIBLE` where the converter says so; `CONVERSION_FAILED` where it throws, or gives what the
 * version does not accept.
 */
export async function convertStep(step: ConversionStep, value: unknown, target: ConversionTarget): Promise<unknown> {
  const converted = runConverter(step, value, target);
  const result = await validated(step, target, converted);
  if (result.valid) return result.value;
  throw conversionFailed(step.converter, target.version, result.violations);
}

/**
 * Holds what a converter gave to a schema.
 *
 * @throws `CONVERSION_FAILED` where it cannot even be looked at.
 */
export async function validated(
  { converter }: Pick<ConversionStep, "converter">,
  { schema, view, version }: Omit<ConversionTarget, "unconverted">,
  value: unknown,
): Promise<Validated> {
  try {
    return await validatorOf(schema, view)(value);
  } catch (cause) {
    throw conversionFailed(converter, version, [{ pointer: "", problem: "cannot be read" }], cause);
  }
}

/**
 * Runs the converter of a step, without a look at what it gives.
 *
 * @throws as {@link convertStep}.
 */
export function runConverter(
  { converter, convert, narrow }: ConversionStep,
  value: unknown,
  { version, unconverted }: Pick<ConversionTarget, "version" | "unconverted">,
): unknown {
  const narrowed = narrow === undefined ? value : narrow(value);
  if (convert === undefined) return narrowed;
  const converted = tryConverter(convertOf(convert), narrowed, { converter, version });
  if (!isUnconvertible(converted)) return converted;
  const { reason } = converted;
  throw contractErrors.CONVERSION_IMPOSSIBLE(
    `This has no counterpart in version ${version}: ${reason} (${converter}). Nothing was done; use version ${unconverted}.`,
    { converter, reason, version: unconverted },
  );
}

/** The error of a converter that gave what its target does not accept. */
export function conversionFailed(
  converter: string,
  version: string,
  violations: readonly Violation[],
  cause?: unknown,
): Error {
  const places = violations
    .slice(0, PLACES_MAX)
    .map(({ pointer, problem }) => `${pointer === "" ? "the value" : pointer} ${problem}`);
  const happened = violations.length === 0 ? "threw an error" : `gave what ${version} does not accept`;
  return contractErrors.CONVERSION_FAILED(
    `The converter ${converter} ${happened}${places.length === 0 ? "" : `: ${places.join("; ")}`}. Nothing was done; whoever owns the contract has to mend the converter.`,
    { converter, violations },
    { cause },
  );
}

/** Places that a message names at most. */
const PLACES_MAX = 10;

function tryConverter(
  convert: (value: unknown) => unknown,
  value: unknown,
  { converter, version }: { readonly converter: string; readonly version: string },
): unknown {
  let converted: unknown;
  try {
    converted = convert(value);
  } catch (cause) {
    throw conversionFailed(converter, version, [], cause);
  }
  if (!(converted instanceof Promise)) return converted;
  converted.catch(() => undefined);
  throw conversionFailed(converter, version, [
    { pointer: "", problem: "is a promise; a converter is a pure function" },
  ]);
}
