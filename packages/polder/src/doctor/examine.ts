import { isPolderError } from "@polder/model";
import type { Project, ProjectDatabase } from "@polder/runtime";
import {
  type Check,
  type DoctorLimits,
  doctorLimits,
  type Examined,
  type ExaminedDatabase,
  type Finding,
  findingOf,
  type Severity,
  type Sight,
} from "./check.ts";
import { deliveryChecks } from "./delivery-checks.ts";
import { homeChecks } from "./home-checks.ts";
import { keyChecks } from "./key-checks.ts";
import { machineChecks } from "./machine-checks.ts";
import { serverChecks } from "./server-checks.ts";
import { sessionChecks } from "./session-checks.ts";

/** The database itself, without which little can be looked at. */
const reachable: Check = {
  code: "database-unreachable",
  severity: "error",
  needs: "project",
  looksFor: "a database that cannot be reached or used at all.",
  why: "Nothing of the project works without it. What needs the database was not looked at.",
  remedy: "The message says what to do; the page of its error code says more.",
  look: async ({ project }) =>
    await problemOf(async () => {
      const { databases } = await project.database();
      for (const { admin } of databases) await admin.query("select 1");
    }),
};

const homes: Check = {
  code: "home-missing",
  severity: "error",
  needs: "database",
  looksFor: "a domain that has no home in the database.",
  why: "No process of it can start. What needs the homes of the domains was not looked at.",
  remedy: "Run polder provision as an administrator, then polder migrate.",
  look: async ({ database }) => await problemOf(() => database.requireHomes()),
};

/** All checks, in the order in which they are made. */
export const checks: readonly Check[] = [
  ...machineChecks,
  ...keyChecks,
  reachable,
  ...serverChecks.filter(({ needs }) => needs === "database"),
  ...sessionChecks,
  homes,
  ...homeChecks,
  ...serverChecks.filter(({ needs }) => needs === "homes"),
  ...deliveryChecks,
];

/** What an examination came to. */
export interface Examination {
  /** The worst first. */
  readonly findings: readonly Finding[];
  /** Codes of the checks that were made. */
  readonly looked: readonly string[];
  /** Codes of those that were not, since what they look at is not there. */
  readonly notLooked: readonly string[];
}

/** What {@link examine} may be told. */
export interface ExamineOptions {
  readonly limits?: Partial<DoctorLimits>;
  /** The clock of this machine. */
  readonly now?: () => number;
  readonly signal?: AbortSignal;
}

/** Looks at a project and its database for whatever is wrong, and changes nothing. A check that fails is a finding. */
export async function examine(project: Project, options: ExamineOptions = {}): Promise<Examination> {
  const { signal = new AbortController().signal, now = Date.now } = options;
  const examined: Examined = { project, limits: { ...doctorLimits, ...options.limits }, now, signal };
  const findings: Finding[] = [];
  const looked: string[] = [];
  let database: ProjectDatabase | undefined;
  let hasHomes = false;
  for (const check of checks) {
    signal.throwIfAborted();
    if ((check.needs !== "project" && database === undefined) || (check.needs === "homes" && !hasHomes)) continue;
    const found = await lookWith(check, { ...examined, ...(database === undefined ? {} : { database }) });
    findings.push(...found);
    looked.push(check.code);
    if (check === reachable && found.length === 0) database = await project.database();
    if (check === homes) hasHomes = found.length === 0;
  }
  const notLooked = checks.map(({ code }) => code).filter((code) => !looked.includes(code));
  return { findings: findings.toSorted((a, b) => rank[a.severity] - rank[b.severity]), looked, notLooked };
}

const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

async function lookWith(
  check: Check,
  examined: Examined & Partial<Pick<ExaminedDatabase, "database">>,
): Promise<readonly Finding[]> {
  try {
    const { database } = examined;
    const sights =
      check.needs === "project"
        ? await check.look(examined)
        : database === undefined
          ? []
          : await lookInEach(check.look, { ...examined, database });
    return sights.map((sight) => findingOf(check, sight));
  } catch (error) {
    examined.signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    return [
      findingOf(check, {
        what: `It could not be looked at: ${reason}`,
        severity: "warning",
        remedy: "Give DATABASE_URL a role that may read it, such as a superuser.",
      }),
    ];
  }
}

/** Looks in every database; what is the same in several is said once. */
async function lookInEach(
  look: (examined: ExaminedDatabase) => Promise<readonly Sight[]>,
  examined: Omit<ExaminedDatabase, "admin">,
): Promise<readonly Sight[]> {
  const sights = new Map<string, Sight>();
  for (const { admin } of examined.database.databases)
    for (const sight of await look({ ...examined, admin })) sights.set(sight.what, sight);
  return [...sights.values()];
}

/** What an error that a user can mend says; any other is thrown. */
async function problemOf(
  work: () => Promise<unknown>,
): Promise<readonly { readonly what: string; readonly remedy: string }[]> {
  try {
    await work();
    return [];
  } catch (error) {
    if (!isPolderError(error)) throw error;
    return [{ what: error.message, remedy: `See ${error.docs}.` }];
  }
}
