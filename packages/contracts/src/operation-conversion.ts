import {
  type AnyOperationConverter,
  type ApiCore,
  type LivingMajor,
  livingMajors,
  type Operation,
} from "@polder/model";
import { type ConversionTarget, conversionFailed, convertStep, runConverter, validated } from "./conversion.ts";
import { type Narrow, narrowTo } from "./narrow.ts";

/** A refusal with its details, at one version. */
export interface RefusedAt {
  readonly refusal: string;
  readonly details: unknown;
}

/** Stands between the callers of an older major and the handler, which knows the newest version only. */
export interface OperationConversion {
  /** The operation of the newest version that answers. */
  readonly operation: string;
  /** The place of the converters that an answer goes through last, such as `customer converters["2.0.0"].register`. */
  readonly last: string;
  /** From a valid input of the older major to one of the newest version. */
  readonly raiseInput: (input: unknown) => Promise<unknown>;
  /** From a valid output of the newest version to one of the older major. */
  readonly lowerOutput: (output: unknown) => Promise<unknown>;
  /** From a valid refusal of the newest version to one that the older major knows. */
  readonly lowerRefusal: (refused: RefusedAt) => Promise<RefusedAt>;
}

/** One operation at two adjacent majors, and what stands between. */
interface Hop {
  /** The converter's place in the declaration. */
  readonly place: string;
  readonly converter: AnyOperationConverter;
  readonly older: Operation;
  readonly olderVersion: string;
  readonly newer: Operation;
  readonly newerVersion: string;
  /** What the converters were written for, where the newer major has grown since. */
  readonly first: Operation | undefined;
  /** The version of the API at which nothing is converted. */
  readonly unconverted: string;
}

/**
 * How an operation of an older major of an API is answered by the newest version, in steps between adjacent majors:
 * each value that comes out of a step is held to the version that it leads to. Nothing where no operation answers for
 * it any more.
 *
 * Its functions throw `CONVERSION_FAILED` and `CONVERSION_IMPOSSIBLE`.
 */
export function operationConversion(api: ApiCore, major: number, operation: string): OperationConversion | undefined {
  const majors = livingMajors(api.versions);
  const begin = majors.findIndex((living) => living.major === major);
  const hops: Hop[] = [];
  let name = operation;
  for (const [index, newer] of majors.slice(begin + 1).entries()) {
    const older = majors[begin + index] ?? newer;
    const hop = hopOf(api, { older, newer }, name);
    if (hop === undefined) return undefined;
    hops.push(hop);
    name = hop.converter.as ?? name;
  }
  const up = hops.map(inputStep);
  const down = hops.map(outputStep).toReversed();
  const refusals = hops.map(refusalStep).toReversed();
  return {
    operation: name,
    last: hops[0]?.place ?? "",
    raiseInput: async (input) => {
      let raised = input;
      for (const step of up) raised = await step(raised);
      return raised;
    },
    lowerOutput: async (output) => {
      let lowered = output;
      for (const step of down) lowered = await step(lowered);
      return lowered;
    },
    lowerRefusal: async (refused) => {
      let lowered = refused;
      for (const step of refusals) lowered = await step(lowered);
      return lowered;
    },
  };
}

function hopOf(
  { name, versions, converters, newest }: ApiCore,
  { older, newer }: { readonly older: LivingMajor; readonly newer: LivingMajor },
  operation: string,
): Hop | undefined {
  const converter = converters[newer.first]?.[operation] ?? {};
  const target = converter.as === undefined ? operation : converter.as;
  const from = versions[older.newest]?.[operation];
  const to = target === null ? undefined : versions[newer.newest]?.[target];
  if (from === undefined || to === undefined || target === null) return undefined;
  return {
    place: `${name} converters["${newer.first}"].${operation}`,
    converter,
    older: from,
    olderVersion: older.newest,
    newer: to,
    newerVersion: newer.newest,
    first: newer.first === newer.newest ? undefined : versions[newer.first]?.[target],
    unconverted: newest,
  };
}

type Converting = (value: unknown) => Promise<unknown>;

function inputStep({ place, converter, newer, newerVersion, unconverted }: Hop): Converting {
  const step = { converter: `${place}.input`, convert: converter.input };
  const target: ConversionTarget = { version: newerVersion, schema: newer.input, view: "writer", unconverted };
  return (input) => convertStep(step, input, target);
}

function outputStep({ place, converter, older, olderVersion, first, unconverted }: Hop): Converting {
  const narrow = first === undefined ? undefined : narrowTo(first.output);
  const step = { converter: `${place}.output`, convert: converter.output, narrow };
  const target: ConversionTarget = { version: olderVersion, schema: older.output, view: "writer", unconverted };
  return (output) => convertStep(step, output, target);
}

function refusalStep({
  place,
  converter,
  older,
  olderVersion,
  first,
  unconverted,
}: Hop): (refused: RefusedAt) => Promise<RefusedAt> {
  const narrows = new Map<string, Narrow>(
    Object.entries(first?.refusals ?? {}).map(([refusal, schema]) => [refusal, narrowTo(schema)]),
  );
  return async (refused) => {
    const { refusal } = refused;
    const convert = Object.hasOwn(converter.refusals ?? {}, refusal) ? converter.refusals?.[refusal] : undefined;
    const step = { converter: `${place}.refusals.${refusal}`, convert, narrow: narrows.get(refusal) };
    const to = { version: olderVersion, unconverted };
    const given = runConverter(step, refused.details, to);
    const lowered =
      convert === undefined ? { refusal, details: given } : readRefusal(step.converter, olderVersion, given);
    const schema = Object.hasOwn(older.refusals, lowered.refusal) ? older.refusals[lowered.refusal] : undefined;
    if (schema === undefined)
      throw conversionFailed(step.converter, olderVersion, [
        { pointer: "/refusal", problem: `is ${JSON.stringify(lowered.refusal)}, which the version does not declare` },
      ]);
    const result = await validated(step, { schema, view: "writer", version: olderVersion }, lowered.details);
    if (result.valid) return { refusal: lowered.refusal, details: result.value };
    const violations = result.violations.map(({ pointer, problem }) => ({ pointer: `/details${pointer}`, problem }));
    throw conversionFailed(step.converter, olderVersion, violations);
  };
}

function readRefusal(converter: string, version: string, given: unknown): RefusedAt {
  const { refusal, details } = Object(given) as Partial<RefusedAt>;
  if (typeof refusal === "string") return { refusal, details };
  throw conversionFailed(converter, version, [{ pointer: "/refusal", problem: "is missing" }]);
}
