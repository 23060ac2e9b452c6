import type { AnyApiConverters, AnyEventConverters, AnyOperationConverter } from "./converter.ts";
import type { Operation } from "./operation.ts";
import type { Problem } from "./problems.ts";
import { livingMajors, majorOf } from "./version.ts";

type Versioned<Shape> = Readonly<Record<string, Shape>>;
type Operations = Readonly<Record<string, Operation>>;

/** Two adjacent versions with converters between them. */
interface Pair {
  readonly older: string;
  readonly newer: string;
}

function pairsOf(versions: Versioned<unknown>): readonly Pair[] {
  const majors = livingMajors(versions);
  return majors.slice(1).map(({ first }, index) => ({ older: majors[index]?.newest ?? first, newer: first }));
}

/** What is wrong with the converters of an API, if anything: also those that are missing. */
export function apiConverterProblems(converters: unknown, versions: Versioned<Operations>): readonly Problem[] {
  const declared = (converters ?? {}) as AnyApiConverters;
  const pairs = pairsOf(versions);
  return [
    ...placeProblems(declared, versions, pairs),
    ...pairs.flatMap((pair) => {
      const { older, newer } = pair;
      const place = `converters[${JSON.stringify(newer)}]`;
      const ofPair = Object(declared[newer] ?? {}) as Versioned<AnyOperationConverter>;
      const unknown = Object.keys(ofPair)
        .filter((name) => versions[older]?.[name] === undefined)
        .map((name) => ({
          place: `${place}.${name}`,
          problem: `${older} has no operation "${name}"; converters are named after the operations of the older version`,
        }));
      const named = Object.entries(versions[older] ?? {}).flatMap(([name, operation]) =>
        operationProblems(
          { name, older: operation, newer: versions[newer] ?? {}, version: newer },
          ofPair[name],
          place,
        ),
      );
      return [...unknown, ...named];
    }),
  ];
}

/** What is wrong with the converters of an event, if anything. */
export function eventConverterProblems(converters: unknown, versions: Versioned<unknown>): readonly Problem[] {
  const declared = (converters ?? {}) as AnyEventConverters;
  return [
    ...placeProblems(declared, versions, pairsOf(versions)),
    ...Object.entries(declared).flatMap(([version, ways]) =>
      Object.entries(Object(ways) as object).flatMap(([name, converter]) => {
        const place = `converters[${JSON.stringify(version)}].${name}`;
        return name === "up" || name === "down"
          ? functionProblems(converter, place)
          : [{ place, problem: "is no way to convert; there are up and down" }];
      }),
    ),
  ];
}

function placeProblems(
  converters: Readonly<Record<string, unknown>>,
  versions: Versioned<unknown>,
  pairs: readonly Pair[],
): readonly Problem[] {
  if (typeof converters !== "object")
    return [{ place: "converters", problem: 'is no object; write converters: { "2.0.0": { … } }' }];
  return Object.keys(converters).flatMap((version) => {
    if (pairs.some(({ newer }) => newer === version)) return [];
    const place = `converters[${JSON.stringify(version)}]`;
    if (!(version in versions)) return [{ place, problem: `no version ${version} is declared` }];
    const major = majorOf(version);
    const first = pairs.find(({ newer }) => majorOf(newer) === major)?.newer;
    return [
      {
        place,
        problem:
          first === undefined
            ? "nothing older is declared, so there is nothing to convert from"
            : `minor versions need no converters; write them at ${first}, which begins major ${major}`,
      },
    ];
  });
}

interface Between {
  readonly name: string;
  readonly older: Operation;
  readonly newer: Operations;
  /** Of the newer ones. */
  readonly version: string;
}

function operationProblems(
  { name, older, newer, version }: Between,
  converter: AnyOperationConverter | undefined,
  inside: string,
): readonly Problem[] {
  const place = `${inside}.${name}`;
  if (converter?.as === null) return [];
  const target = converter?.as ?? name;
  const answers = Object.hasOwn(newer, target) ? newer[target] : undefined;
  if (answers === undefined) {
    return converter?.as === undefined
      ? [
          {
            place,
            problem: `"${name}" is gone in ${version}: name the operation that answers for it in as, or say as: null`,
          },
        ]
      : [{ place: `${place}.as`, problem: `${version} has no operation "${target}"` }];
  }
  if (answers.kind !== older?.kind)
    return [{ place, problem: `"${target}" is a ${answers.kind} in ${version}, and "${name}" is a ${older?.kind}` }];
  const known = ["as", "input", "output", "refusals"];
  const problems: Problem[] = Object.keys(converter ?? {})
    .filter((key) => !known.includes(key))
    .map((key) => ({ place: `${place}.${key}`, problem: `is nothing to convert; there are ${known.join(", ")}` }));
  if (converter?.input !== undefined) problems.push(...functionProblems(converter.input, `${place}.input`));
  if (converter?.output !== undefined) problems.push(...functionProblems(converter.output, `${place}.output`));
  return [...problems, ...refusalProblems({ older, answers, version }, converter?.refusals ?? {}, `${place}.refusals`)];
}

function refusalProblems(
  { older, answers, version }: { readonly older: Operation; readonly answers: Operation; readonly version: string },
  converters: NonNullable<AnyOperationConverter["refusals"]>,
  place: string,
): readonly Problem[] {
  const unknown = Object.entries(converters).flatMap(([refusal, converter]) =>
    refusal in answers.refusals
      ? functionProblems(converter, `${place}.${refusal}`)
      : [{ place: `${place}.${refusal}`, problem: `${version} has no such refusal` }],
  );
  const missing = Object.keys(answers.refusals)
    .filter((refusal) => !(refusal in older.refusals) && !(refusal in converters))
    .map((refusal) => ({
      place: `${place}.${refusal}`,
      problem: "is missing: the older version does not know this refusal; give one that it knows, or cannotConvert(…)",
    }));
  return [...unknown, ...missing];
}

function functionProblems(converter: unknown, place: string): readonly Problem[] {
  if (typeof converter === "function") return [];
  const { loses, convert } = Object(converter) as Readonly<Record<string, unknown>>;
  if (typeof convert !== "function")
    return [{ place, problem: "is no function; write (value) => …, or { loses, convert: (value) => … }" }];
  if (typeof loses === "string" && loses.trim() !== "") return [];
  return [{ place: `${place}.loses`, problem: "is missing: say in a few words what is lost" }];
}
