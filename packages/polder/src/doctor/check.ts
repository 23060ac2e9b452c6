import type { Project, ProjectDatabase } from "@polder/runtime";

/** How bad it is: `error` breaks something now or loses data, `warning` will, `note` is good to know. */
export type Severity = "error" | "warning" | "note";

/** From where on something is worth a word. */
export interface DoctorLimits {
  /** A transaction that is open for longer, in milliseconds. */
  readonly transactionMs: number;
  /** A sign of life or a lease that is older, in milliseconds. */
  readonly silenceMs: number;
  /** Clocks that are further apart, in milliseconds. */
  readonly clockMs: number;
  /** Positions of a log that a subscription is behind. */
  readonly lagEvents: number;
  /** An event that waits for longer, in the outbox or for a subscription, in milliseconds. */
  readonly lagMs: number;
  /** A lease that reaches further into the future, in milliseconds. */
  readonly leaseMs: number;
  /** Free space of the disk, in bytes. */
  readonly freeBytes: number;
  /** What a replication slot that nobody uses keeps, in bytes. */
  readonly slotBytes: number;
  /** How long a URL may take to answer, in milliseconds. */
  readonly answerMs: number;
}

/** The limits unless others are given. */
export const doctorLimits: DoctorLimits = {
  transactionMs: 5 * 60_000,
  silenceMs: 60_000,
  clockMs: 1_000,
  lagEvents: 10_000,
  lagMs: 5 * 60_000,
  leaseMs: 5 * 60_000,
  freeBytes: 1024 ** 3,
  slotBytes: 1024 ** 3,
  answerMs: 3_000,
};

/** What a check looks at. */
export interface Examined {
  readonly project: Project;
  readonly limits: DoctorLimits;
  /** Milliseconds since 1970, by the clock of this machine. */
  readonly now: () => number;
  /** Aborts when the look is to end. */
  readonly signal: AbortSignal;
}

/** What a check looks at when there is a database. */
export interface ExaminedDatabase extends Examined {
  readonly database: ProjectDatabase;
  /** The one of its databases that is looked at; what belongs to a domain is looked for where the domain lives. */
  readonly admin: ProjectDatabase["databases"][number]["admin"];
}

/** Something that a check has seen. */
export interface Sight {
  readonly what: string;
  /** Where it differs from the check's. */
  readonly severity?: Severity;
  /** What to do about this very thing, where it can be said more exactly than the check does. */
  readonly remedy?: string;
}

interface CheckWords {
  /** Names the check and its findings; a chapter of the page. */
  readonly code: string;
  readonly severity: Severity;
  /** What it looks for, as the end of the sentence "looks for …". */
  readonly looksFor: string;
  /** Why it matters. */
  readonly why: string;
  /** What to do. */
  readonly remedy: string;
}

/** Looks for one thing that can be wrong, and changes nothing. */
export type Check = CheckWords &
  (
    | { readonly needs: "project"; readonly look: (examined: Examined) => Promise<readonly Sight[]> }
    /** `homes`: a database in which every domain is provisioned. */
    | { readonly needs: "database" | "homes"; readonly look: (examined: ExaminedDatabase) => Promise<readonly Sight[]> }
  );

/** Something wrong, for people and for programs. */
export interface Finding {
  readonly code: string;
  readonly severity: Severity;
  readonly what: string;
  readonly why: string;
  readonly remedy: string;
  readonly page: string;
}

/** The finding of a check for what it has seen. */
export function findingOf(check: CheckWords, { what, severity, remedy }: Sight): Finding {
  return {
    code: check.code,
    severity: severity ?? check.severity,
    what,
    why: check.why,
    remedy: remedy ?? check.remedy,
    page: `docs/doctor.md#${check.code}`,
  };
}
