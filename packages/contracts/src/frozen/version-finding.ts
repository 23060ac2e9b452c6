import type { Version } from "@polder/model";
import type { Finding, Step } from "../changes/finding.ts";

/** What can be wrong with a version of a contract, by rule, in a sentence each. */
export const versionRules = {
  "frozen-changed": "A published version is declared otherwise than it was published.",
  "frozen-edited": "The file of a published version is not what the base branch has.",
  "frozen-deleted": "The file of a published version is gone, and the base branch has it.",
  "version-unfrozen": "A declared version is not written down yet.",
  "version-removed": "A published version is neither declared any more nor retired.",
  "version-in-use": "A published version is no longer declared, and somebody still uses its major.",
  "step-too-small": "A version differs from an earlier one of its major by more than its number says.",
  "enum-unstated": "Others read an enum that says neither that it may grow nor that it will not.",
} as const;

/** What is wrong with a version of a contract. */
export type VersionRule = keyof typeof versionRules;

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
