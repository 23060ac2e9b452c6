import type { Problem } from "./problems.ts";
import { livingMajors } from "./version.ts";

/** That a major of a contract is about to go, or is gone. */
export interface Deprecation {
  /** Since when nobody should begin to use it: a day such as `2026-03-01` (UTC), or a time with a zone. */
  readonly since: string;
  /** When it stops to be served, if that is known; not before `since`. */
  readonly sunset?: string;
  /** What to do: a sentence, or the URL of a page that says it. */
  readonly notice: string;
}

/** The majors of a contract that are about to go, by number: `{ "1": { since, sunset, notice } }`. Without versions, one is retired. */
export type Deprecations = Readonly<Record<string, Deprecation>>;

const moment = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** Milliseconds since the epoch of a day or a time as a deprecation writes it; NaN for anything else. */
export function momentOf(text: string | undefined): number {
  if (typeof text !== "string" || !moment.test(text)) return Number.NaN;
  const atMs = Date.parse(text);
  // The 30th of February would be taken for the 2nd of March.
  const isReal = new Date(Date.parse(`${text.slice(0, 10)}T00:00Z`)).toJSON()?.startsWith(text.slice(0, 10)) === true;
  return isReal ? atMs : Number.NaN;
}

/** What is said of a major of a contract that is about to go, if anything. */
export function deprecationOf(
  { deprecated }: { readonly deprecated: Deprecations },
  major: number,
): Deprecation | undefined {
  return Object.hasOwn(deprecated, String(major)) ? deprecated[String(major)] : undefined;
}

/** What is wrong with the deprecations of a contract, if anything. */
export function deprecationProblems(
  deprecated: unknown,
  versions: Readonly<Record<string, unknown>>,
): readonly Problem[] {
  if (deprecated === undefined) return [];
  if (typeof deprecated !== "object" || deprecated === null)
    return [{ place: "deprecated", problem: 'is no object; write deprecated: { "1": { since, sunset, notice } }' }];
  const newest = livingMajors(versions).at(-1)?.major ?? 0;
  return Object.entries(deprecated).flatMap(([major, said]) => {
    const place = `deprecated[${JSON.stringify(major)}]`;
    if (!/^(?:0|[1-9]\d{0,2})$/.test(major))
      return [{ place, problem: `"${major}" is no major version; write its number, such as "1"` }];
    if (Number(major) >= newest)
      return [{ place, problem: `only what is older than major ${newest}, the newest, can be deprecated` }];
    return saidProblems(said as Partial<Deprecation> | null, place);
  });
}

function saidProblems(said: Partial<Deprecation> | null, place: string): readonly Problem[] {
  const { since, sunset, notice } = said ?? {};
  const problems: Problem[] = [];
  const form = "is no day such as 2026-03-01, nor a time with its zone such as 2026-03-01T08:00:00Z";
  if (Number.isNaN(momentOf(since))) problems.push({ place: `${place}.since`, problem: form });
  if (sunset !== undefined && Number.isNaN(momentOf(sunset)))
    problems.push({ place: `${place}.sunset`, problem: form });
  if (momentOf(sunset) < momentOf(since))
    problems.push({ place: `${place}.sunset`, problem: "is before since; nothing ends before it is deprecated" });
  if (typeof notice !== "string" || notice.trim() === "")
    problems.push({
      place: `${place}.notice`,
      problem: "is missing: say what callers are to do, or name a page that says it",
    });
  return problems;
}
