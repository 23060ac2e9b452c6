import { defineErrors, type ErrorMakers } from "@polder/model";

/** The codes of this package, with what each carries. */
export interface BusErrors {
  readonly DEAD_LETTER_UNKNOWN: { readonly domain: string; readonly subscription: string; readonly seq: string };
  readonly HANDLER_TIMED_OUT: { readonly domain: string; readonly subscription: string; readonly timeoutMs: number };
  readonly LEASE_LOST: { readonly domain: string; readonly subscription: string; readonly publisher: string };
  readonly POSITION_UNAVAILABLE: {
    readonly publisher: string;
    readonly position: string;
    readonly oldest: string;
    readonly head: string;
  };
  readonly SUBSCRIPTION_UNKNOWN: { readonly domain: string; readonly subscription: string };
}

/** The errors of @polder/bus. Each code has a page under `docs/errors`. */
export const busErrors: ErrorMakers<BusErrors> = defineErrors<BusErrors>({
  DEAD_LETTER_UNKNOWN: "There is no such dead letter",
  HANDLER_TIMED_OUT: "A handler took too long",
  LEASE_LOST: "A subscription is held by another process by now",
  POSITION_UNAVAILABLE: "The log does not have this position",
  SUBSCRIPTION_UNKNOWN: "There is no such subscription",
});
