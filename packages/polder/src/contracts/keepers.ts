import { majorOf } from "@polder/model";
import type { MajorUse, MajorUser } from "./major-use.ts";

/** Something that speaks against retiring a major version. */
export interface Keeper {
  /**
   * `used`: somebody was seen. `declared`: a domain says that it needs it. `waiting`: events at it are still to be
   * handled. `unproven`: it has not been recorded for long enough who uses what. `promised`: its users have not been told
   * in time that it ends.
   */
  readonly kind: "used" | "declared" | "waiting" | "unproven" | "promised";
  /** A sentence without its full stop. */
  readonly why: string;
}

/** What speaks against retiring a major version; nothing where nobody uses it, and that is known. Pure. */
export function keepersOf({ users, waiting, recorded, since, major }: MajorUse): readonly Keeper[] {
  const keepers: Keeper[] = [];
  for (const { consumer, seen } of users) {
    if (seen === undefined) continue;
    const { version, environment, seenAt } = seen;
    keepers.push({
      kind: "used",
      why: `${consumer} uses ${version} in ${environment}: last seen ${seenAt.toISOString()}`,
    });
  }
  for (const { consumer, needs } of declaring(users, major))
    keepers.push({ kind: "declared", why: `${consumer} declares that it needs ${needs}` });
  for (const { subscription, problem } of waiting) keepers.push({ kind: "waiting", why: `${subscription} ${problem}` });
  if (recorded === undefined)
    keepers.push({
      kind: "unproven",
      why: "it has never been recorded here who uses what, and silence is no proof: let the domains run for a while",
    });
  else if (recorded.from > since)
    keepers.push({
      kind: "unproven",
      why: `it has been recorded who uses what since ${recorded.from.toISOString()} only, and what was before ${since.toISOString()} is not known either: silence is no proof; ask again later, or for a shorter time with --since`,
    });
  else if (recorded.until < since)
    keepers.push({
      kind: "unproven",
      why: `nothing has been recorded since ${recorded.until.toISOString()}, not even that a domain was running: silence is no proof; see why no uses are written down, or ask from before that with --since`,
    });
  return keepers;
}

/** Each domain once, however many environments it was seen in. */
function declaring(users: readonly MajorUser[], major: number): readonly MajorUser[] {
  const found = users.filter(({ needs = "" }) => majorOf(needs) === major);
  return [...new Map(found.map((user) => [user.consumer, user])).values()];
}
