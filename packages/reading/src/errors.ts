import { defineErrors, type ErrorMakers } from "@polder/model";

/** The codes of this package, with what each carries. */
export interface ReadingErrors {
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
}

/** The errors of @polder/reading. Each code has a page under `docs/errors`. */
export const readingErrors: ErrorMakers<ReadingErrors> = defineErrors<ReadingErrors>({
  COMPOSITION_CIRCULAR: "Joins of a composition wait for each other",
  COMPOSITION_TOO_WIDE: "A composition asks for more keys than it may",
});
