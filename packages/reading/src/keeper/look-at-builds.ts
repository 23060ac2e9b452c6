import type { EventSource } from "@polder/bus";
import type { Copied } from "@polder/model";
import type { Database } from "@polder/postgres";
import type { Build } from "../build/builds.ts";
import { publishersOf } from "../build/definition.ts";
import { readingNames } from "../names.ts";

/** How a build stands against the log of one publisher. */
export interface BuildLook {
  readonly publisher: string;
  /** Everything up to here is handled, but for what is parked; missing before it has begun. */
  readonly reached?: string;
  /** The newest position of the log. */
  readonly head: string;
  /** Positions that are not handled yet. */
  readonly lag: number;
  /** How long the oldest of the events has been waiting that are not in the tables yet, in milliseconds; 0 where none is. */
  readonly stalenessMs: number;
  /** Events that wait after a failure, and those of them that were given up. */
  readonly parked: number;
  readonly dead: number;
}

/** What {@link lookAtBuild} needs. */
export interface BuildLookOptions {
  readonly domain: string;
  readonly copied: Pick<Copied, "events">;
  readonly build: Pick<Build, "subscription" | "filledAt" | "madeAt">;
  /** The domain's database, as its own role. */
  readonly database: Database;
  readonly source: (publisher: string) => EventSource;
  /** Looks only at the publishers whose events it has begun to handle. Default false. */
  readonly begunOnly?: boolean;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/** How a build stands against the log of each publisher. */
export async function lookAtBuild(options: BuildLookOptions): Promise<readonly BuildLook[]> {
  const { copied, build, source, begunOnly = false, now = Date.now } = options;
  const standing = await standingOf(options);
  const publishers = publishersOf(copied).filter((publisher) => !begunOnly || standing.has(publisher));
  return await Promise.all(
    publishers.map(async (publisher): Promise<BuildLook> => {
      const found = standing.get(publisher);
      const events = copied.events.filter((event) => event.startsWith(`${publisher}.`));
      const reached = found?.reached ?? undefined;
      const after = BigInt(reached ?? 0);
      const { head, waitingMs = 0 } = await source(publisher).pending({ after, events });
      // What has not been filled is as old as its tables.
      const isFilled = build.filledAt !== null;
      const unfilledMs = isFilled ? 0 : now() - build.madeAt.getTime();
      return {
        publisher,
        ...(reached === undefined ? {} : { reached }),
        head: String(head),
        lag: Number(head - after),
        // Of events from before, a replica gets what they have said by its filling.
        stalenessMs: Math.max(0, isFilled ? waitingMs : unfilledMs, found?.parkedMs ?? 0),
        parked: found?.parked ?? 0,
        dead: found?.dead ?? 0,
      };
    }),
  );
}

interface Standing {
  readonly publisher: string;
  readonly reached: string | null;
  readonly parked: number;
  readonly dead: number;
  readonly parkedMs: number;
}

async function standingOf({ domain, build, database }: BuildLookOptions): Promise<ReadonlyMap<string, Standing>> {
  const sql = readingNames(domain);
  const { rows } = await database.query<Standing>(
    `select c.publisher, c.reached::text as reached, coalesce(p.parked, 0)::int as parked, coalesce(p.dead, 0)::int as dead,
  coalesce(p.parked_ms, 0)::float8 as "parkedMs"
from (
  select publisher, min(seq) as reached
  from ${sql.checkpoint}
  where subscription = $1
  group by publisher
) c
left join (
  select publisher, count(*) as parked, count(*) filter (where state = 'dead') as dead,
    extract(epoch from now() - min(at)) * 1000 as parked_ms
  from ${sql.parked}
  where subscription = $1 and state <> 'discard'
  group by publisher
) p using (publisher)`,
    [build.subscription],
  );
  return new Map(rows.map((row) => [row.publisher, row]));
}
