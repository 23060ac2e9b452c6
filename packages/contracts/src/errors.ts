import { defineErrors, type ErrorMakers } from "@polder/model";
import type { Violation } from "./validator.ts";

/** The codes of this package, with what each carries. */
export interface ContractErrors {
  readonly CONTRACT_VIOLATED: { readonly what: string; readonly violations: readonly Violation[] };
}

/** The errors of @polder/contracts. Each code has a page under `docs/errors`. */
export const contractErrors: ErrorMakers<ContractErrors> = defineErrors<ContractErrors>({
  CONTRACT_VIOLATED: "A value is not what its contract says",
});
