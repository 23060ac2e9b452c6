import { type Contract, compareVersions, isVersion, type Version } from "@polder/model";

/** What is said of a major that is about to go. */
interface Deprecation {
  readonly since: string;
  readonly sunset?: string;
  readonly notice: string;
}

/** A conversion, as far as it is told: what it loses. */
type Conversion = object | ((value: never) => unknown);

/** What stands between the versions of a contract, where it says anything of it. */
interface Succession {
  /** By the version that they lead up to; of an API by operation below it. */
  readonly converters?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** By the number of the major. */
  readonly deprecated?: Readonly<Record<string, Deprecation>>;
}

/** The versions of a contract, the oldest first. */
export function versionsOf({ versions }: Contract): readonly Version[] {
  return Object.keys(versions).filter(isVersion).sort(compareVersions);
}

/** What is said of the major of a version that is about to go, if anything. */
export function deprecationOf(contract: Contract, version: string): Deprecation | undefined {
  const { deprecated = {} } = contract as Contract & Succession;
  const major = version.split(".", 1)[0] ?? "";
  return Object.hasOwn(deprecated, major) ? deprecated[major] : undefined;
}

/** A converter as documents tell of it. */
export interface ToldConverter {
  /** What it converts: `customerById.input`, or `up` of an event. */
  readonly what: string;
  /** What it is declared to lose, if anything. */
  readonly loses: string | undefined;
}

/** The converters between a version and the one before it. */
export function convertersTo(contract: Contract, version: string): readonly ToldConverter[] {
  const { converters = {} } = contract as Contract & Succession;
  return told(converters[version] ?? {}, []);
}

function told(converters: Readonly<Record<string, unknown>>, path: readonly string[]): readonly ToldConverter[] {
  return Object.entries(converters).flatMap(([name, value]): readonly ToldConverter[] => {
    const what = [...path, name];
    if (isConversion(value)) return [{ what: what.join("."), loses: lossOf(value) }];
    return typeof value === "object" && value !== null ? told(value as Readonly<Record<string, unknown>>, what) : [];
  });
}

function isConversion(value: unknown): value is Conversion {
  return typeof value === "function" || (typeof value === "object" && value !== null && "convert" in value);
}

function lossOf(conversion: Conversion): string | undefined {
  return "loses" in conversion ? String(conversion.loses) : undefined;
}
