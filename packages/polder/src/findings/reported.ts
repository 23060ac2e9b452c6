/** How bad a finding is: `error` is to be mended before the change is merged, `warning` is to be known. */
export type ReportedSeverity = "error" | "warning" | "note";

/** A finding with its place, as people, editors and code hosts show it. */
export interface Reported {
  /** Such as `frozen-changed`. */
  readonly rule: string;
  readonly severity: ReportedSeverity;
  /** The file that it is about, relative to the folder in which the command runs; for code hosts, to the repository. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** What is wrong, and whom it breaks. */
  readonly message: string;
  readonly wayOut: string;
  /** Further lines of what was seen. */
  readonly details: readonly string[];
}
