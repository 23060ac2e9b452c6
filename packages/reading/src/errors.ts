import type { Behind } from "@polder/http";
import { defineErrors, type ErrorMakers } from "@polder/model";

/** The codes of this package, with what each carries. */
export interface ReadingErrors {
  readonly BUILD_BEHIND: { readonly domain: string; readonly name: string; readonly build: number };
  readonly BUILD_BUSY: { readonly domain: string; readonly name: string; readonly build: number };
  readonly BUILD_INCOMPLETE: { readonly domain: string; readonly name: string; readonly build: number };
  readonly BUILD_UNFIT: { readonly domain: string; readonly name: string; readonly build: number };
  readonly BUILD_UNKNOWN: { readonly domain: string; readonly name: string; readonly known: readonly string[] };
  readonly READ_MODEL_CHANGED: { readonly domain: string; readonly name: string; readonly version: number };
  readonly READ_MODEL_TABLES_INVALID: { readonly domain: string; readonly name: string };
  readonly REPLICA_UNFILLED: { readonly domain: string; readonly name: string };
  readonly READ_MODEL_UNKNOWN: { readonly name: string; readonly known: readonly string[] };
  readonly COMPOSITION_CIRCULAR: {
    readonly api: string;
    readonly operation: string;
    readonly joins: readonly string[];
  };
  readonly COMPOSITION_TOO_WIDE: {
    readonly api: string;
    readonly operation: string;
    readonly join: string;
    readonly keysMax: number;
  };
  readonly READ_MODEL_BEHIND: { readonly behind: Behind };
}

/** The errors of @polder/reading. Each code has a page under `docs/errors`. */
export const readingErrors: ErrorMakers<ReadingErrors> = defineErrors<ReadingErrors>({
  BUILD_BEHIND: "A build has not come as far as the one that serves",
  BUILD_INCOMPLETE: "A build may lack what the one that serves has",
  BUILD_BUSY: "A build cannot be put in its place while its tables are being read",
  BUILD_UNFIT: "A build cannot be used so",
  BUILD_UNKNOWN: "There is no such build of a read model",
  READ_MODEL_CHANGED: "A read model's tables were changed without a new version",
  READ_MODEL_TABLES_INVALID: "A read model's tables cannot be made",
  REPLICA_UNFILLED: "A replica cannot be filled",
  READ_MODEL_UNKNOWN: "There is no such read model",
  COMPOSITION_CIRCULAR: "Joins of a composition wait for each other",
  COMPOSITION_TOO_WIDE: "A composition asks for more keys than it may",
  READ_MODEL_BEHIND: "A read model is not as new as a query asked for",
});
