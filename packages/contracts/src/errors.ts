import { defineErrors, type ErrorMakers } from "@polder/model";
import type { Violation } from "./validator.ts";

/** The codes of this package, with what each carries. */
export interface ContractErrors {
  readonly CONTRACT_VIOLATED: { readonly what: string; readonly violations: readonly Violation[] };
  readonly DOCUMENT_VERSION_UNKNOWN: {
    readonly contract: string;
    readonly version: string;
    readonly known: readonly string[];
  };
}

/** The errors of @polder/contracts. Each code has a page under `docs/errors`. */
export const contractErrors: ErrorMakers<ContractErrors> = defineErrors<ContractErrors>({
  CONTRACT_VIOLATED: "A value is not what its contract says",
  DOCUMENT_VERSION_UNKNOWN: "The contract does not have that version",
});
