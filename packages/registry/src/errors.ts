import type { Violation } from "@polder/contracts";
import { defineErrors, type ErrorMakers } from "@polder/model";

/**
 * The codes of this package, with what each carries. `errorCode` is the number by which clients of Confluent Schema
 * Registry tell errors apart; its first three digits are the HTTP status.
 */
export interface RegistryErrors {
  readonly REGISTRY_INCOMPATIBLE: {
    readonly errorCode: number;
    readonly subject: string;
    readonly messages: readonly string[];
  };
  readonly REGISTRY_REFUSED: { readonly errorCode: number };
  readonly REGISTRY_SCHEMA_INVALID: { readonly errorCode: number; readonly violations: readonly Violation[] };
}

/** The errors of @polder/registry. Each code has a page under `docs/errors`. */
export const registryErrors: ErrorMakers<RegistryErrors> = defineErrors<RegistryErrors>({
  REGISTRY_INCOMPATIBLE: "A schema is not compatible with an earlier one",
  REGISTRY_REFUSED: "The registry has refused a request",
  REGISTRY_SCHEMA_INVALID: "A schema is malformed or not supported",
});
