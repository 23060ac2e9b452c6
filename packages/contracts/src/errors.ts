import { defineErrors, type ErrorMakers } from "@polder/model";
import type { SchemaProblem } from "./schema/schema-problem.ts";
import type { Violation } from "./validator.ts";

/** The codes of this package, with what each carries. */
export interface ContractErrors {
  readonly CONTRACT_VIOLATED: { readonly what: string; readonly violations: readonly Violation[] };
  readonly DOCUMENT_VERSION_UNKNOWN: {
    readonly contract: string;
    readonly version: string;
    readonly known: readonly string[];
  };
  readonly DOCUMENTS_UNRELATED: { readonly earlier: string; readonly later: string };
  readonly FROZEN_UNREADABLE: { readonly place: string; readonly problems: readonly string[] };
  readonly OPEN_API_UNREADABLE: { readonly place: string; readonly problems: readonly string[] };
  readonly SCHEMA_UNSUPPORTED: { readonly what: string; readonly problems: readonly SchemaProblem[] };
  /** `converter` is its place in the declaration; the violations are those of what it gave, none where it threw. */
  readonly CONVERSION_FAILED: { readonly converter: string; readonly violations: readonly Violation[] };
  /** `version` is one at which nothing has to be converted. */
  readonly CONVERSION_IMPOSSIBLE: { readonly converter: string; readonly reason: string; readonly version: string };
}

/** The errors of @polder/contracts. Each code has a page under `docs/errors`. */
export const contractErrors: ErrorMakers<ContractErrors> = defineErrors<ContractErrors>({
  CONTRACT_VIOLATED: "A value is not what its contract says",
  DOCUMENT_VERSION_UNKNOWN: "The contract does not have that version",
  DOCUMENTS_UNRELATED: "The two documents are not versions of one contract",
  FROZEN_UNREADABLE: "A file is no frozen contract",
  OPEN_API_UNREADABLE: "A document is no OpenAPI document that can be compared",
  SCHEMA_UNSUPPORTED: "A schema cannot be compared",
  CONVERSION_FAILED: "A converter between two versions of a contract is broken",
  CONVERSION_IMPOSSIBLE: "A value has no counterpart in another version of its contract",
});
