export { type ComposeOptions, compose } from "./composition/compose.ts";
export { type Asker, type PartOutcome, stitch } from "./composition/stitch.ts";
export { type ReadingErrors, readingErrors } from "./errors.ts";
