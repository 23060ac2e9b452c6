import type { Version } from "@polder/model";
import type { Finding, Step } from "../changes/finding.ts";

/**
 * What is wrong with a version of a contract, by rule:
 * - `frozen-changed`: it is declared otherwise than it was published;
 * - `frozen-edited`, `frozen-deleted`: the file that says how it was published is not what the base branch has;
 * - `version-unfrozen`: it has not been written down yet;
 * - `version-removed`: it was published, and is neither declared any more nor retired;
 * - `version-in-use`: it was published, is no longer declared, and somebody still uses its major;
 * - `step-too-small`: it differs from an earlier version in more than its number says;
 * - `enum-unstated`: others read an enum of it that says neither that it may grow nor that it will not.
 */
export type VersionRule =
  | "frozen-changed"
  | "frozen-edited"
  | "frozen-deleted"
  | "version-unfrozen"
  | "version-removed"
  | "version-in-use"
  | "step-too-small"
  | "enum-unstated";

/** Something that is wrong with a version of a contract. */
export interface VersionFinding {
  readonly rule: VersionRule;
  readonly contract: string;
  readonly version: Version;
  /** What is wrong, and whom it breaks. */
  readonly problem: string;
  readonly wayOut: string;
  /** How far the version would have to step, where that is what is wrong. */
  readonly step?: Step;
  /** The changes behind it. */
  readonly changes: readonly Finding[];
}
