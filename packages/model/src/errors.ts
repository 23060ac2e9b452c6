import { defineErrors, type ErrorMakers } from "./polder-error.ts";
import type { Problem } from "./problems.ts";

/** The codes of this package, with what each carries. */
export interface ModelErrors {
  readonly DECLARATION_INVALID: { readonly what: string; readonly problems: readonly Problem[] };
  readonly NOT_DECLARED: {
    readonly domain: string;
    readonly what: "needs" | "publishes" | "sagas";
    readonly contract: string;
  };
  readonly POSITION_INVALID: {
    readonly api: string;
    readonly operation: string;
    readonly violations: readonly { readonly pointer: string; readonly problem: string }[];
  };
}

/** The errors of @polder/model. Each code has a page under `docs/errors`. */
export const modelErrors: ErrorMakers<ModelErrors> = defineErrors<ModelErrors>({
  DECLARATION_INVALID: "A declaration has mistakes",
  NOT_DECLARED: "A contract is used that the domain did not declare",
  POSITION_INVALID: "A position that a query is not to be older than cannot be used",
});
