export { type ComposeOptions, compose } from "./composition/compose.ts";
export { readingErrors } from "./errors.ts";
export { type Freshness, type FreshnessAsked, type FreshnessOptions, openFreshness } from "./freshness/freshness.ts";
export type { ServingCopy } from "./freshness/wanted-copies.ts";
