import { z } from "zod";

/** The schema that {@link missingSources} gives. */
export type MissingSources = z.ZodArray<
  z.ZodObject<
    {
      source: z.ZodString;
      code: z.ZodString;
      refusal: z.ZodOptional<z.ZodString>;
      substituted: z.ZodOptional<z.ZodBoolean>;
    },
    z.core.$loose
  >
>;

/**
 * The field `missing` of an answer that is composed: which sources it was made without, and why. Polder fills it; it may
 * say more of each in time.
 */
export function missingSources(): MissingSources {
  const missing = z.looseObject({
    source: z.string().describe("The source, by its name in the composition."),
    code: z.string().describe("Why: the code of the failure, or REFUSED."),
    refusal: z.string().optional().describe("What it refused with."),
    substituted: z.boolean().optional().describe("True where a substitute is in the answer."),
  });
  return z.array(missing).describe("Sources without which this was answered; empty where it is complete.");
}
