import type { Refusals } from "./operation.ts";
import type { AnySchema, SchemaInput, SchemaOutput } from "./schema.ts";

/** A refusal as a handler answers it; made by the context's `refuse`. */
export interface Refused<Name extends string = string, Details = unknown> {
  readonly kind: "refused";
  readonly refusal: Name;
  readonly details: Details;
}

/** Makes a refusal that the operation declares. */
export type Refuse<Declared extends Refusals> = <Name extends keyof Declared & string>(
  refusal: Name,
  details: SchemaInput<Declared[Name]>,
) => Refused<Name>;

/** The refusals of an operation as a caller gets them. */
export type RefusedOutcome<Declared extends Refusals> = {
  [Name in keyof Declared & string]: {
    readonly ok: false;
    readonly refusal: Name;
    readonly details: SchemaOutput<Declared[Name]>;
  };
}[keyof Declared & string];

/** What a call gives: the answer, or one of the refusals that the contract declares. Everything else throws. */
export type Outcome<Output extends AnySchema, Declared extends Refusals> =
  | {
      readonly ok: true;
      readonly value: SchemaOutput<Output>;
      /** There where the call failed and the domain's fallback answered: the code of the failure. */
      readonly fallback?: string;
      /**
       * What a command has published, for the `notBefore` of queries that are to show it; missing where it published
       * nothing. It is to be handed on as it is.
       */
      readonly position?: string;
    }
  | RefusedOutcome<Declared>;
