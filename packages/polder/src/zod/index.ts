export { closedEnum, type OpenEnum, openEnum } from "./enums.ts";
export { type MissingSources, missingSources } from "./missing-sources.ts";
