import type { Database } from "@polder/postgres";
import type { Formats } from "./read-content.ts";

/** What the parts of a registry share. */
export interface RegistryParts {
  readonly database: Database;
  readonly formats: Formats;
  readonly incompatibleCode: number;
}
