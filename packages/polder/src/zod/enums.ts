import { z } from "zod";

/** One of the known values, or a text that is not known yet. The known ones stay literals, for `switch` and completion. */
export type OpenEnum<Value extends string> = Value | (string & Record<never, never>);

/**
 * A set of values that may grow within a major version: `openEnum("placed", "paid")`. Whoever reads it must be ready for
 * values that it does not know, and so is the type. For what a domain answers and publishes.
 *
 * As JSON Schema it is a string with `examples`, and `x-extensible-enum` names the known values.
 */
export function openEnum<const Values extends readonly [string, ...string[]]>(
  ...values: Values
): z.ZodType<OpenEnum<Values[number]>, OpenEnum<Values[number]>> {
  return z.string().meta({ examples: values, "x-extensible-enum": values }) as unknown as z.ZodType<
    OpenEnum<Values[number]>,
    OpenEnum<Values[number]>
  >;
}

/**
 * A set of values that will not grow within a major version, said on purpose: `closedEnum("debit", "credit")`. It is
 * `z.enum` with the mark `x-closed-enum`; without the mark, an enum in an answer or an event is a finding, since most
 * of them do grow.
 */
export function closedEnum<const Values extends readonly [string, ...string[]]>(
  ...values: Values
): z.ZodEnum<{ [Value in Values[number]]: Value }> {
  return z.enum(values).meta({ "x-closed-enum": true }) as z.ZodEnum<{ [Value in Values[number]]: Value }>;
}
