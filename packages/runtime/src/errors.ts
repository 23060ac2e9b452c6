import { defineErrors, type ErrorMakers, type Problem } from "@polder/model";

/** The codes of this package, with what each carries. */
export interface RuntimeErrors {
  readonly CALL_IN_TRANSACTION: { readonly domain: string; readonly api: string; readonly operation: string };
  readonly CONFIG_INVALID: { readonly path: string; readonly problems: readonly Problem[] };
  readonly CONFIG_NOT_FOUND: { readonly path: string };
  readonly DOMAIN_REPEATED: { readonly domains: readonly string[] };
  readonly DOMAIN_UNKNOWN: { readonly domains: readonly string[]; readonly known: readonly string[] };
  readonly DOMAINS_INVALID: { readonly problems: readonly Problem[] };
  readonly EVENT_TOO_LARGE: { readonly event: string; readonly bytes: number; readonly bytesMax: number };
  readonly EVENT_VERSION_UNKNOWN: { readonly event: string; readonly version: string; readonly needed: string };
  readonly HOME_ELSEWHERE: {
    /** Each with the database that has its home and the one that is configured, as `host:port/database`. */
    readonly moved: readonly { readonly domain: string; readonly found: string; readonly wanted: string }[];
  };
  readonly KEY_IN_USE: { readonly kids: readonly string[] };
  readonly KEY_MISSING: { readonly domain: string; readonly kids: readonly string[] };
  readonly KEY_UNKNOWN: { readonly kids: readonly string[] };
  readonly KEYS_READ_ONLY: { readonly place: string };
  readonly READ_IN_TRANSACTION: { readonly domain: string };
}

/** The errors of @polder/runtime. Each code has a page under `docs/errors`. */
export const runtimeErrors: ErrorMakers<RuntimeErrors> = defineErrors<RuntimeErrors>({
  CALL_IN_TRANSACTION: "A call to another domain inside an open transaction",
  CONFIG_INVALID: "The configuration has mistakes",
  CONFIG_NOT_FOUND: "There is no configuration",
  DOMAIN_REPEATED: "A domain is named twice",
  DOMAIN_UNKNOWN: "There is no such domain",
  DOMAINS_INVALID: "Domains have mistakes",
  EVENT_TOO_LARGE: "An event is too large",
  EVENT_VERSION_UNKNOWN: "An event has a version that its reader does not know",
  HOME_ELSEWHERE: "A domain's home is in another database than the configured one",
  KEY_IN_USE: "A key that signs cannot be retired",
  KEY_MISSING: "A domain has no key to sign with",
  KEY_UNKNOWN: "There is no such key",
  KEYS_READ_ONLY: "The public keys cannot be written from here",
  READ_IN_TRANSACTION: "A read beside an open transaction",
});
