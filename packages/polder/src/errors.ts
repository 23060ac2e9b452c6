import { defineErrors, type ErrorMakers } from "@polder/model";

/** The codes of this package, with what each carries. */
export interface CommandErrors {
  readonly BASE_UNKNOWN: { readonly base: string; readonly folder: string };
  readonly EVENT_UNKNOWN: { readonly id: string };
  readonly INTERRUPTED: { readonly command: string };
  readonly REGISTRY_UNUSABLE: { readonly url: string; readonly status: number | undefined };
  readonly USAGE: { readonly argument: string };
}

/** The errors of the command `polder`. Each code has a page under `docs/errors`. */
export const commandErrors: ErrorMakers<CommandErrors> = defineErrors<CommandErrors>({
  BASE_UNKNOWN: "A branch or commit to compare with could not be read",
  EVENT_UNKNOWN: "There is no such event",
  INTERRUPTED: "A command was stopped before its work was done",
  REGISTRY_UNUSABLE: "A registry of schemas could not be reached, or did not answer as one",
  USAGE: "The command line is wrong",
});
