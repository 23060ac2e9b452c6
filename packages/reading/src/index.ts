export { type ComposeOptions, compose } from "./composition/compose.ts";
