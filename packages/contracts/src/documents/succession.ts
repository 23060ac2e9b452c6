import { type AnyConverter, type Contract, lossOf } from "@polder/model";

/** A converter as documents tell of it. */
export interface ToldConverter {
  /** What it converts: `customerById.input`, or `up` of an event. */
  readonly what: string;
  /** What it is declared to lose, if anything. */
  readonly loses: string | undefined;
}

/** The converters between a version and the one before it. */
export function convertersTo({ converters }: Contract, version: string): readonly ToldConverter[] {
  return Object.hasOwn(converters, version) ? told(converters[version], []) : [];
}

function told(part: unknown, path: readonly string[]): readonly ToldConverter[] {
  if (isConverter(part)) return [{ what: path.join("."), loses: lossOf(part) }];
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([name, value]) => told(value, [...path, name]));
}

function isConverter(part: unknown): part is AnyConverter {
  return typeof part === "function" || (typeof part === "object" && part !== null && "convert" in part);
}
