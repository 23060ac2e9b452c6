import type { Behind } from "@polder/http";
import { defineErrors, type ErrorMakers } from "@polder/model";

/** The codes of this package, with what each carries. */
export interface ReadingErrors {
  readonly READ_MODEL_BEHIND: { readonly behind: Behind };
}

/** The errors of @polder/reading. Each code has a page under `docs/errors`. */
export const readingErrors: ErrorMakers<ReadingErrors> = defineErrors<ReadingErrors>({
  READ_MODEL_BEHIND: "A read model is not as new as a query asked for",
});
