import { defineErrors, type ErrorMakers } from "@polder/model";

/** The codes of this package, with what each carries. */
export interface CommandErrors {
  readonly EVENT_UNKNOWN: { readonly id: string };
  readonly USAGE: { readonly argument: string };
}

/** The errors of the command `polder`. Each code has a page under `docs/errors`. */
export const commandErrors: ErrorMakers<CommandErrors> = defineErrors<CommandErrors>({
  EVENT_UNKNOWN: "There is no such event",
  USAGE: "The command line is wrong",
});
