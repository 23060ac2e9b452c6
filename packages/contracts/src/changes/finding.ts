import type { Version } from "@polder/model";

/** How far a version must step: nothing, `0.0.1`, `0.1.0`, `1.0.0`. */
export type Step = "none" | "patch" | "minor" | "major";

/**
 * Which way a value travels, and so who writes and who reads it. `request`: callers of the earlier version write, the
 * later version reads. `response`: the later version writes, callers of the earlier one read. `event-live`: the later
 * version is published, consumers of the earlier one read. `event-replay`: events of the earlier version lie in the
 * log, consumers of the later one read.
 */
export type Direction = "request" | "response" | "event-live" | "event-replay";

/** One change between two versions of a contract, and what it costs. */
export interface Finding {
  /** What kind of change, such as `property-added-required`; the list is in `docs/compatibility.md`. */
  readonly rule: string;
  /** JSON Pointer (RFC 6901) into the later document; into the earlier one where something was removed. */
  readonly pointer: string;
  /** The ways of travelling that the change concerns; none where nothing travels, as with a path. */
  readonly directions: readonly Direction[];
  /** How far the version must step at least. */
  readonly step: Step;
  /** What changed, such as `/schema/properties/name was removed`. */
  readonly change: string;
  /** What changed, and who breaks and how: a sentence. */
  readonly problem: string;
  /** What to do instead. Only where the change breaks somebody. */
  readonly wayOut?: string;
  /** A value that is written and refused, where one was found. */
  readonly witness?: { readonly value: unknown };
  /** The earlier version that the change was found against. */
  readonly against: Version;
}

/** What two versions of a contract differ in, and how far the version must step for it. */
export interface Comparison {
  readonly name: string;
  readonly from: Version;
  readonly to: Version;
  /** The largest step of the findings; `none` without any. */
  readonly step: Step;
  readonly findings: readonly Finding[];
}

const steps: readonly Step[] = ["none", "patch", "minor", "major"];

/** The largest of some steps. */
export function largestStep(some: readonly Step[]): Step {
  return steps[Math.max(0, ...some.map((step) => steps.indexOf(step)))] ?? "none";
}

/** Says whether a step goes further than another. */
export function isLarger(step: Step, other: Step): boolean {
  return steps.indexOf(step) > steps.indexOf(other);
}
