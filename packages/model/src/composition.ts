import type { ApiCore, OperationRef } from "./api.ts";
import type { AskedQuery, AskingOptions, CompositionPlan, DeclaredPlan, DeclaredSource } from "./composition-plan.ts";
import { compositionProblems, neededQuery, saysMissing } from "./composition-problems.ts";
import type { Domain, NeededApi, NeededVersion, PublishedOperation } from "./domain.ts";
import type { Handler } from "./handler.ts";
import type { Batch } from "./many-at-once.ts";
import type { Operation } from "./operation.ts";
import { refuseProblems } from "./problems.ts";
import type { SchemaInput, SchemaOutput } from "./schema.ts";

type QueryRef<Ref> = Ref extends { readonly declared: { readonly kind: "query" } } ? Ref : never;
type RefOf<A> = A extends unknown ? Extract<A[keyof A], OperationRef> : never;

/** References to the newest queries of the APIs that a domain publishes. */
export type PublishedQuery<D extends Domain> = QueryRef<PublishedOperation<D>>;
/** References to the queries of the APIs that a domain needs. */
export type NeededQuery<D extends Domain> = QueryRef<RefOf<NeededApi<D>>>;

type OperationsNeeded<D extends Domain, Name extends string> =
  Extract<NeededApi<D>, { readonly name: Name }> extends infer Found extends ApiCore
    ? Found["versions"][NeededVersion<D, Name> & keyof Found["versions"]]
    : never;

/** An operation as a domain calls it: at the version that it needs. */
export type NeededOperation<D extends Domain, Ref> = Ref extends {
  readonly api: infer Name extends string;
  readonly operation: infer Op;
}
  ? Extract<OperationsNeeded<D, Name>[Op & keyof OperationsNeeded<D, Name>], Operation>
  : never;

type OutputOf<Op> = Op extends Operation ? SchemaOutput<Op["output"]> : never;
type InputOf<Op> = Op extends Operation ? SchemaInput<Op["input"]> : never;
type RefusalOf<Op> = Op extends Operation ? keyof Op["refusals"] & string : never;
type ElementOf<List> = List extends readonly (infer Element)[] ? Element : never;
type BatchOf<Op> = Op extends { readonly batch: infer Ways extends Batch } ? Ways : never;
type FieldOf<Shape, Name> = Name extends keyof Shape ? Exclude<Shape[Name], undefined> : never;

/** What a join asks for: one of the keys of a query that answers for many, or the whole input of another query. */
export type JoinKey<Op> = [BatchOf<Op>] extends [never]
  ? InputOf<Op>
  : ElementOf<FieldOf<InputOf<Op>, BatchOf<Op>["keys"]>>;
/** What a join finds for a key. */
export type JoinItem<Op> = [BatchOf<Op>] extends [never]
  ? OutputOf<Op>
  : ElementOf<FieldOf<OutputOf<Op>, BatchOf<Op>["items"]>>;

/** What a join has found, by the keys that it was asked for. */
export interface Joined<Key = unknown, Item = unknown> {
  /** The first that was found for a key; nothing where there is none. */
  readonly one: (key: Key) => Item | undefined;
  /** All that was found for a key, in the order of the answer. */
  readonly all: (key: Key) => readonly Item[];
}

/** The names of the fields of one object that fit into a field of another. */
type FieldFor<From, To> = { [Name in keyof From]-?: From[Name] extends To ? Name : never }[keyof From];

/** Where a field of a source's input comes from: the field of the composed query's input with that name, or always the same. */
type Given<Input, Asked> = {
  readonly [Name in keyof Input]: FieldFor<Asked, Input[Name]> | { readonly always: Input[Name] };
};

type GivenField<Input, Asked> =
  Record<never, never> extends Input
    ? { readonly input?: Given<Input, Asked> }
    : { readonly input: Given<Input, Asked> };

type SourceResult<Op, Optional, Absent> =
  | OutputOf<Op>
  | (Absent extends readonly unknown[] ? null : never)
  | (Optional extends true ? undefined : never);
type JoinResult<Op, Optional> = Joined<JoinKey<Op>, JoinItem<Op>> | (Optional extends true ? undefined : never);
type Of<Options, Name> = Name extends keyof Options ? Options[Name] : undefined;

/** What the sources and joins of a composition have given, by their names. */
export type Composed<D extends Domain, Sources, Optional, Absent, Joins, OptionalJoins> = {
  readonly [Name in keyof Sources]: SourceResult<
    NeededOperation<D, Sources[Name]>,
    Of<Optional, Name>,
    Of<Absent, Name>
  >;
} & {
  readonly [Name in keyof Joins]: JoinResult<NeededOperation<D, Joins[Name]>, Of<OptionalJoins, Name>>;
};

/** What the author of a composition makes of what was found; Polder adds what is missing. */
type AnswerOf<Op> = Op extends Operation
  ? Omit<SchemaInput<Op["output"]>, "missing"> & { readonly missing?: never }
  : never;

/** What a composition is declared with. */
export interface CompositionShape<
  D extends Domain,
  Ref extends OperationRef,
  Sources,
  Optional,
  Absent,
  Joins,
  OptionalJoins,
> {
  /** Queries that are asked at once, each with what the caller handed in. */
  readonly sources: {
    readonly [Name in keyof Sources]: AskingOptions & {
      readonly query: Sources[Name];
      /** Refusals that say that there is nothing: the source is `null` then. */
      readonly absent?: readonly RefusalOf<NeededOperation<D, Sources[Name]>>[];
    } & GivenField<InputOf<NeededOperation<D, Sources[Name]>>, SchemaOutput<Ref["declared"]["input"]>>;
  } & {
    readonly [Name in keyof Optional]: {
      /** Whether the rest is answered without it when it cannot be had. Default false. */
      readonly optional?: Optional[Name];
    };
  } & { readonly [Name in keyof Absent]: { readonly absent?: Absent[Name] } };
  /** Queries that are asked for what others have found. One that answers for many keys is asked once for many. */
  readonly joins?: {
    readonly [Name in keyof Joins]: AskingOptions & {
      readonly query: Joins[Name];
      /** What to ask for: of a query that answers for many keys each key, of another one each input. Pure. */
      readonly keys: (
        found: Composed<D, Sources, Optional, Absent, Joins, OptionalJoins>,
      ) => readonly JoinKey<NeededOperation<D, Joins[Name]>>[];
      /** Refusals that say that there is nothing for a key. */
      readonly absent?: readonly RefusalOf<NeededOperation<D, Joins[Name]>>[];
      /** What else a query that answers for many keys asks for. */
      readonly input?: Partial<Given<InputOf<NeededOperation<D, Joins[Name]>>, SchemaOutput<Ref["declared"]["input"]>>>;
      /** Keys at most. Default 10,000, or 100 where each key is a call. */
      readonly keysMax?: number;
    };
  } & { readonly [Name in keyof OptionalJoins]: { readonly optional?: OptionalJoins[Name] } };
  /**
   * Fields of the input that go to joins alone, and change how what is joined looks but not which rows there are: a
   * language, a currency.
   */
  readonly presentation?: readonly (keyof SchemaOutput<Ref["declared"]["input"]> & string)[];
  /**
   * Makes the answer of what was found. Pure. It does not see what the caller handed in: that goes to the sources, since
   * to filter or sort here would be to do so among the rows that happened to be fetched.
   */
  readonly answer: (found: Composed<D, Sources, Optional, Absent, Joins, OptionalJoins>) => AnswerOf<Ref["declared"]>;
}

/** A view that is stitched at query time from the queries of several domains; it answers one published query. */
export interface Composition<ApiName extends string = string, OperationName extends string = string>
  extends Handler<ApiName, OperationName> {
  readonly composition: CompositionPlan;
}

/** Says whether a handler is a composition. */
export function isComposition(handler: Handler): handler is Composition {
  return "composition" in handler;
}

/** What whoever runs a composition lends it: the one who asks the sources. */
export interface ComposingContext {
  readonly compose: (composition: Composition) => Promise<unknown>;
}

/** That a composition was answered without a source, or with what stands in for it: an item of the field `missing`. */
export interface Missing {
  /** The source's or join's name in the composition. */
  readonly source: string;
  /** The code of the failure; `REFUSED` where it refused. */
  readonly code: string;
  /** What it refused with. */
  readonly refusal?: string;
  /** There where the declared fallback of the need stands in for it. */
  readonly substituted?: true;
}

/**
 * Declares that a published query is answered by a composition: sources are asked at the same time, joins for what those
 * have found, all within the deadline of the call. What is optional and cannot be had is named in the field `missing` of
 * the answer, which the contract then declares.
 *
 * @throws `DECLARATION_INVALID` with every mistake and its place, among them a field of the input that would filter or
 * sort across sources.
 */
export function composition<
  D extends Domain,
  Ref extends PublishedQuery<D>,
  const Sources extends Readonly<Record<string, NeededQuery<D>>>,
  const Optional,
  const Absent,
  const Joins extends Readonly<Record<string, NeededQuery<D>>> = Record<never, never>,
  const OptionalJoins = unknown,
>(
  domain: D,
  operation: Ref,
  shape: CompositionShape<D, Ref, Sources, Optional, Absent, Joins, OptionalJoins>,
): Composition<Ref["api"], Ref["operation"]> {
  const given = (shape ?? {}) as unknown as DeclaredPlan;
  const ref: OperationRef | undefined = operation;
  const [sources, joins, presentation] = [given.sources ?? {}, given.joins ?? {}, given.presentation ?? []];
  const plan: DeclaredPlan = { sources, joins, presentation, answer: given.answer };
  refuseProblems(`the composition of ${ref?.api}.${ref?.operation}`, compositionProblems(domain, ref, plan));
  const declared: Composition<Ref["api"], Ref["operation"]> = {
    kind: "handler",
    domain: domain.name,
    api: operation.api,
    operation: operation.operation,
    declared: operation.declared,
    composition: {
      ...plan,
      sources: asNeeded(domain, sources),
      joins: asNeeded(domain, joins),
      saysMissing: saysMissing(operation.declared),
    },
    run: (context) => (context as unknown as ComposingContext).compose(declared),
    // It asks others, and none of the tables that its own domain keeps.
    reads: [],
  };
  return declared;
}

function asNeeded<Part extends DeclaredSource>(
  domain: Domain,
  parts: Readonly<Record<string, Part>>,
): Readonly<Record<string, Part & AskedQuery>> {
  const needed = Object.entries(parts).map(([name, part]) => [name, { ...part, ...neededQuery(domain, part) }]);
  return Object.fromEntries(needed) as Readonly<Record<string, Part & AskedQuery>>;
}
