import { validatorOf } from "@polder/contracts";
import type { AnySchema } from "@polder/model";

/** A value that its schema takes, in all that the schema's library knows. */
export interface ValidValue {
  readonly value: unknown;
}

/** The value as a reader of its version gets it, or nothing where it is none of that version. */
export async function validValue(schema: AnySchema, value: unknown): Promise<ValidValue | undefined> {
  const result = await validatorOf(schema, "writer")(structuredClone(value));
  return result.valid ? { value: result.value } : undefined;
}
