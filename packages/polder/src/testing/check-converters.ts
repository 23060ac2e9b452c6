import { isDeepStrictEqual } from "node:util";
import { eventConversion, operationConversion } from "@polder/contracts";
import {
  type AnyEvent,
  type AnySchema,
  type ApiCore,
  isPolderError,
  livingMajors,
  lossOf,
  type Operation,
} from "@polder/model";
import * as fc from "fast-check";
import { instancesOf } from "./instances-of.ts";
import { type ValidValue, validValue } from "./valid-value.ts";

/** How thoroughly converters are checked. */
export interface CheckConvertersOptions {
  /** Values that are made up for each converter. Default 100. */
  readonly runs?: number;
  /** Of the values; the same seed makes up the same ones. Default: a fresh one, which a failure names. */
  readonly seed?: number;
}

/**
 * Checks the converters of an API or an event with values that are made up from its schemas: what comes out is what the
 * other version accepts, or `cannotConvert`, and nothing is lost that is not declared in `loses`. An event goes there
 * and comes back the same, and keeps its key; of an operation, values that differ in a field stay different.
 *
 * @throws Error with the converter, a counterexample made as small as could be, and the seed.
 */
export async function checkConverters(
  contract: ApiCore | AnyEvent,
  options: CheckConvertersOptions = {},
): Promise<void> {
  const ways = contract.kind === "api" ? apiWays(contract) : eventWays(contract);
  for (const way of ways) await checkWay(way, options);
}

/** One way between two adjacent majors. */
interface Way {
  /** The converter's place. */
  readonly converter: string;
  readonly from: AnySchema;
  readonly convert: (value: unknown) => Promise<unknown>;
  /** The way back, where there is one and neither loses anything. */
  readonly back?: ((value: unknown) => Promise<unknown>) | undefined;
  /** Whether values that differ must stay different. */
  readonly isLossless: boolean;
  /** The field that has to stay as it is. */
  readonly key?: string;
}

/** Contracts that have two adjacent majors only, each as their converters were written for. */
function pairsOf<Shape>(
  versions: Readonly<Record<string, Shape>>,
): readonly { readonly older: string; readonly newer: string; readonly versions: Readonly<Record<string, Shape>> }[] {
  const majors = livingMajors(versions);
  return majors.slice(1).map(({ first }, index) => {
    const older = majors[index]?.newest ?? first;
    const both = [older, first].map((version) => [version, versions[version]] as const);
    return { older, newer: first, versions: Object.fromEntries(both) as Readonly<Record<string, Shape>> };
  });
}

function apiWays(api: ApiCore): readonly Way[] {
  return pairsOf(api.versions).flatMap(({ older, newer, versions }) => {
    const pair: ApiCore = { ...api, versions, newest: newer };
    const major = livingMajors(versions)[0]?.major ?? 0;
    return Object.entries(versions[older] ?? {}).flatMap(([name, operation]) => {
      const conversion = operationConversion(pair, major, name);
      const answers = conversion === undefined ? undefined : versions[newer]?.[conversion.operation];
      if (conversion === undefined || answers === undefined) return [];
      const place = `${api.name} converters["${newer}"].${name}`;
      const converter = api.converters[newer]?.[name] ?? {};
      const refusals = refusalWays(answers, { place, converter, conversion });
      const { input, output } = converter;
      return [
        {
          converter: `${place}.input`,
          from: operation.input,
          convert: conversion.raiseInput,
          isLossless: input !== undefined && lossOf(input) === undefined,
        },
        {
          converter: `${place}.output`,
          from: answers.output,
          convert: conversion.lowerOutput,
          isLossless: output !== undefined && lossOf(output) === undefined,
        },
        ...refusals,
      ];
    });
  });
}

interface RefusalParts {
  readonly place: string;
  readonly converter: ApiCore["converters"][string][string];
  readonly conversion: NonNullable<ReturnType<typeof operationConversion>>;
}

function refusalWays(answers: Operation, { place, converter, conversion }: RefusalParts): readonly Way[] {
  return Object.entries(answers.refusals).map(([refusal, from]) => {
    const declared = converter?.refusals?.[refusal];
    return {
      converter: `${place}.refusals.${refusal}`,
      from,
      convert: async (details) => await conversion.lowerRefusal({ refusal, details }),
      isLossless: declared !== undefined && lossOf(declared) === undefined,
    };
  });
}

function eventWays(event: AnyEvent): readonly Way[] {
  return pairsOf(event.versions).flatMap(({ older, newer, versions }) => {
    const pair: AnyEvent = { ...event, versions, newest: newer };
    const up = eventConversion(pair, { from: older, to: newer });
    const down = eventConversion(pair, { from: newer, to: older });
    if (up === undefined || down === undefined) return [];
    const { up: raising, down: lowering } = event.converters[newer] ?? {};
    const isLossless = lossOf(raising) === undefined && lossOf(lowering) === undefined;
    const way = (name: "up" | "down", there: typeof up, back: typeof up): Way => ({
      converter: `${event.name} converters["${newer}"].${name}`,
      from: there.stored,
      convert: there.convert,
      back: isLossless ? back.convert : undefined,
      isLossless: lossOf(name === "up" ? raising : lowering) === undefined,
      key: event.key,
    });
    return [way("up", up, down), way("down", down, up)];
  });
}

async function checkWay(way: Way, { runs = 100, seed }: CheckConvertersOptions): Promise<void> {
  const made = instancesOf(way.from);
  const property = fc.asyncProperty(made, made, async (one, other) => {
    const value = await validValue(way.from, one);
    fc.pre(value !== undefined);
    const converted = await convertible(way, value?.value);
    if (value === undefined || converted === undefined) return;
    await checkThereAndBack(way, value.value, converted.value);
    if (way.isLossless) await checkDistinct(way, { value: value.value, converted: converted.value }, other);
  });
  try {
    await fc.assert(property, { numRuns: runs, ...(seed === undefined ? {} : { seed }) });
  } catch (error) {
    if (!String(error).includes("too many pre-condition failures")) throw error;
    throw new Error(
      `${way.converter} was not checked: hardly any value that was made up for it is what its schema says. Check it by values of your own.`,
      { cause: error },
    );
  }
}

/** What a converter gives; nothing where it says that it cannot convert. */
async function convertible({ convert }: Way, value: unknown): Promise<ValidValue | undefined> {
  try {
    return { value: await convert(structuredClone(value)) };
  } catch (error) {
    if (isPolderError(error, "CONVERSION_IMPOSSIBLE")) return undefined;
    throw error;
  }
}

async function checkThereAndBack({ converter, back, key }: Way, value: unknown, converted: unknown): Promise<void> {
  const keyOf = (data: unknown): unknown => (Object(data) as Readonly<Record<string, unknown>>)[key ?? ""];
  if (key !== undefined && keyOf(value) !== keyOf(converted))
    throw new Error(`${converter} changes "${key}", the key by which the event is ordered`);
  if (back === undefined) return;
  const returned = await back(structuredClone(converted)).catch((error: unknown) => {
    if (isPolderError(error, "CONVERSION_IMPOSSIBLE")) return value;
    throw error;
  });
  if (!isDeepStrictEqual(returned, value))
    throw new Error(
      `${converter} loses something: ${JSON.stringify(value)} becomes ${JSON.stringify(converted)}, and comes back as ${JSON.stringify(returned)}. Say in "loses" what is lost, or keep it.`,
    );
}

/** Changes one field after the other to what another value has there: the difference must be seen afterwards as well. */
async function checkDistinct(
  way: Way,
  { value, converted }: { readonly value: unknown; readonly converted: unknown },
  other: unknown,
): Promise<void> {
  for (const name of Object.keys(Object(other) as object)) {
    const field = (other as Readonly<Record<string, unknown>>)[name];
    const changed = await validValue(way.from, { ...(value as object), [name]: field });
    if (changed === undefined || isDeepStrictEqual(changed.value, value)) continue;
    const alike = await convertible(way, changed.value);
    if (alike === undefined || !isDeepStrictEqual(alike.value, converted)) continue;
    throw new Error(
      `${way.converter} loses "${name}": ${JSON.stringify(value)} and ${JSON.stringify(changed.value)} both become ${JSON.stringify(converted)}. Say in "loses" what is lost, or keep it.`,
    );
  }
}
