import type { Metadata, RuleSet, SchemaReference, SchemaType } from "../schema/schema-content.ts";
import type { Subject } from "../subject.ts";

/** A schema as it is kept. */
export interface StoredSchema {
  readonly context: string;
  readonly id: number;
  readonly guid: string;
  readonly type: SchemaType;
  readonly text: string;
  readonly references: readonly SchemaReference[];
  readonly metadata: Metadata | null;
  readonly ruleSet: RuleSet | null;
}

/** A version of a subject, with its schema. */
export interface StoredVersion extends StoredSchema {
  readonly subject: Subject;
  readonly version: number;
  readonly isDeleted: boolean;
}

/** Where a version is. */
export interface VersionName {
  readonly subject: Subject;
  readonly version: number;
}

/** Which versions are meant: those that are there, those as well that were deleted softly, or these alone. */
export type Deleted = "left out" | "included" | "only";
