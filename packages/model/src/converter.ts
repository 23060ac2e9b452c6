import type { Operations } from "./api.ts";
import type { Operation, Refusals } from "./operation.ts";
import type { AnySchema, SchemaInput, SchemaOutput } from "./schema.ts";
import type { PreviousVersion, RaisingVersion } from "./version.ts";

const unconvertible: unique symbol = Symbol.for("polder.unconvertible");

/** What a converter gives for a value that has no counterpart in the other version. */
export interface Unconvertible {
  readonly [unconvertible]: true;
  readonly reason: string;
}

/** Says that a value cannot be converted, and why, in words for the caller. */
export function cannotConvert(reason: string): Unconvertible {
  return { [unconvertible]: true, reason };
}

/** Whether a converter gave up on a value. */
export function isUnconvertible(value: unknown): value is Unconvertible {
  return typeof value === "object" && value !== null && unconvertible in value;
}

/** A pure function from a value of one version to one of an adjacent version. */
export type Convert<From, To> = (value: From) => To | Unconvertible;

/**
 * A conversion that is known to lose something: `{ loses: "where the first name ends", convert: (value) => … }`. Data
 * rather than a function around the function, so that the compiler knows the types of its parameter.
 */
export interface Lossy<From, To> {
  /** What is lost, in words. */
  readonly loses: string;
  readonly convert: Convert<From, To>;
}

/** A conversion between two adjacent versions: a pure function, or one that is declared to lose something. */
export type Converter<From, To> = Convert<From, To> | Lossy<From, To>;

/** Any converter, where its types do not matter. */
export type AnyConverter = Converter<never, unknown>;

/** What a converter is declared to lose, if anything. */
export function lossOf(converter: AnyConverter | undefined): string | undefined {
  return typeof converter === "object" ? converter.loses : undefined;
}

/** The function of a converter. */
export function convertOf(converter: AnyConverter): Convert<unknown, unknown> {
  return (typeof converter === "object" ? converter.convert : converter) as Convert<unknown, unknown>;
}

/** A refusal as the older version knows it. */
export type OlderRefusal<Older extends Refusals> = {
  [Name in keyof Older & string]: { readonly refusal: Name; readonly details: SchemaInput<Older[Name]> };
}[keyof Older & string];

/** How one operation of an older version is answered by an operation of the next, where types do not matter. */
export interface AnyOperationConverter {
  /** The operation of the newer version that answers where none has the same name; `null` where none does. */
  readonly as?: string | null | undefined;
  /** From the older version's input up to the newer one's. */
  readonly input?: AnyConverter;
  /** From the newer version's output down to the older one's. */
  readonly output?: AnyConverter;
  /** From each refusal of the newer version down to `{ refusal, details }` of the older one. */
  readonly refusals?: Readonly<Record<string, AnyConverter>>;
}

/** The converters of an API by the version that they lead up to, and by operation of the version before it. */
export type AnyApiConverters = Readonly<Record<string, Readonly<Record<string, AnyOperationConverter>>>>;

/** The two ways between adjacent versions of an event, where types do not matter. */
export interface AnyEventConverter {
  readonly up?: AnyConverter;
  readonly down?: AnyConverter;
}

/** The converters of an event by the version that they lead up to. */
export type AnyEventConverters = Readonly<Record<string, AnyEventConverter>>;

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type SameSchema<A, B> = Same<[SchemaInput<A>, SchemaOutput<A>], [SchemaInput<B>, SchemaOutput<B>]>;

/** A field that may be left out where there is nothing to say. */
type Field<Name extends string, Value, IsOptional> = IsOptional extends true
  ? { readonly [Key in Name]?: Value }
  : { readonly [Key in Name]: Value };
type IsEmptyAllowed<Shape> = Record<never, never> extends Shape ? true : false;

type RefusalName<Newer, Older, Required> = {
  [Name in keyof Newer & string]: (
    Name extends keyof Older
      ? SameSchema<Newer[Name], Older[Name]> extends true
        ? false
        : true
      : true
  ) extends Required
    ? Name
    : never;
}[keyof Newer & string];

type RefusalConverter<Details, Older extends Refusals> = Converter<SchemaOutput<Details>, OlderRefusal<Older>>;

type RefusalConverters<Newer extends Refusals, Older extends Refusals> = {
  readonly [Name in RefusalName<Newer, Older, true>]: RefusalConverter<Newer[Name], Older>;
} & { readonly [Name in RefusalName<Newer, Older, false>]?: RefusalConverter<Newer[Name], Older> };

/** What stands between an older operation and the one that answers for it; what is the same may be left out. */
export type ConversionSteps<Older extends Operation, Newer extends Operation> = Field<
  "input",
  Converter<SchemaOutput<Older["input"]>, SchemaInput<Newer["input"]>>,
  SameSchema<Older["input"], Newer["input"]>
> &
  Field<
    "output",
    Converter<SchemaOutput<Newer["output"]>, SchemaInput<Older["output"]>>,
    SameSchema<Older["output"], Newer["output"]>
  > &
  Field<
    "refusals",
    RefusalConverters<Newer["refusals"], Older["refusals"]>,
    IsEmptyAllowed<RefusalConverters<Newer["refusals"], Older["refusals"]>>
  >;

/** The operations of the newer version that may answer for the older one: a query answers a query, a command a command. */
type Answering<Older extends Operation, Newer extends Operations> = {
  [Name in keyof Newer & string]: Older["kind"] extends Newer[Name]["kind"] ? Name : never;
}[keyof Newer & string];

/** How one operation of the older version is answered at the newer one: by the one of its name, or by the one in `as`. */
export type OperationConverter<Older extends Operation, Name, Newer extends Operations> =
  | (Name extends Answering<Older, Newer>
      ? { readonly as?: undefined } & ConversionSteps<Older, Newer[Name]>
      : {
          [Other in Answering<Older, Newer>]: { readonly as: Other } & ConversionSteps<Older, Newer[Other]>;
        }[Answering<Older, Newer>])
  | { readonly as: null };

type OperationName<Older extends Operations, Newer extends Operations, Required> = {
  [Name in keyof Older & string]: (
    Name extends Answering<Older[Name], Newer>
      ? IsEmptyAllowed<ConversionSteps<Older[Name], Newer[Name]>> extends true
        ? false
        : true
      : true
  ) extends Required
    ? Name
    : never;
}[keyof Older & string];

type OperationConverters<Older extends Operations, Newer extends Operations> = {
  readonly [Name in OperationName<Older, Newer, true>]: OperationConverter<Older[Name], Name, Newer>;
} & { readonly [Name in OperationName<Older, Newer, false>]?: OperationConverter<Older[Name], Name, Newer> };

type Before<Versions, V> = Versions[PreviousVersion<V, keyof Versions & string> & keyof Versions];

type VersionOf<Shapes, Required> = {
  [V in keyof Shapes]: (IsEmptyAllowed<Shapes[V]> extends true ? false : true) extends Required ? V : never;
}[keyof Shapes];

type OptionalWhereEmpty<Shapes> = {
  readonly [V in VersionOf<Shapes, true>]: Shapes[V];
} & { readonly [V in VersionOf<Shapes, false>]?: Shapes[V] };

type AllOperationConverters<Versions extends Readonly<Record<string, Operations>>> = {
  [V in RaisingVersion<keyof Versions & string>]: OperationConverters<Before<Versions, V>, Versions[V]>;
};

/** The converters of an API: for each version that begins a new major, how the version before it is answered. */
export type ApiConverters<Versions extends Readonly<Record<string, Operations>>> = OptionalWhereEmpty<
  AllOperationConverters<Versions>
>;

type EventConverter<Older extends AnySchema, Newer extends AnySchema> = Field<
  "up",
  Converter<SchemaOutput<Older>, SchemaInput<Newer>>,
  SameSchema<Older, Newer>
> &
  Field<"down", Converter<SchemaOutput<Newer>, SchemaInput<Older>>, SameSchema<Older, Newer>>;

type AllEventConverters<Versions extends Readonly<Record<string, AnySchema>>> = {
  [V in RaisingVersion<keyof Versions & string>]: EventConverter<Before<Versions, V>, Versions[V]>;
};

/** The converters of an event: for each version that begins a new major, the ways from and to the one before it. */
export type EventConverters<Versions extends Readonly<Record<string, AnySchema>>> = OptionalWhereEmpty<
  AllEventConverters<Versions>
>;

/** The converters in a declaration; they may be left out where no version needs any. */
export type ConvertersField<Shape> = Field<"converters", Shape, IsEmptyAllowed<Shape>>;
