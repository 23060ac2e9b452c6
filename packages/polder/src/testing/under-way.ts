import { logHead, neededEvents, subscriptionStatus } from "@polder/bus";
import { type Implementation, publishedApis } from "@polder/model";
import { type Database, homeOf, identifier } from "@polder/postgres";
import { listBuilds } from "@polder/reading";
import { allSubscriptions } from "../all-subscriptions.ts";

/**
 * What these domains have still to relay, to deliver, to try again or to bring to its end, in words; nothing when all
 * is done. `databaseOf` gives the database of each domain as its administrator.
 */
export async function underWay(
  databaseOf: (domain: string) => Database,
  running: readonly Implementation[],
): Promise<readonly string[]> {
  const left: string[] = [];
  const served = new Set(running.flatMap(({ domain }) => publishedApis(domain).map(({ name }) => name)));
  for (const declared of running) {
    // A replica whose owner is not here has done what it can.
    const replicas = declared.replicas.filter(({ fill }) => served.has(fill.query.api));
    const implementation = { ...declared, replicas };
    const { name } = implementation.domain;
    const database = databaseOf(name);
    left.push(...(await ownWork(database, name)));
    const head = (publisher: string): Promise<bigint> => logHead(databaseOf(publisher), publisher);
    left.push(...(await newsToCome(database, implementation, head)));
  }
  return left;
}

async function ownWork(database: Database, name: string): Promise<readonly string[]> {
  const { schema } = homeOf(name);
  // One that waits for news or for its time has done what it can.
  const working = await database.query<{ saga: string; key: string }>(
    `select saga, key from ${identifier(schema, "_saga")}
where ended_at is null and (wake_at <= now() or lease_until > now() or failures > 0)`,
  );
  const { rows } = await database.query<{ count: number }>(
    `select count(*)::int as count
from (select lo from polder.relay where domain = $1 order by step desc limit 1) r, ${identifier(schema, "_outbox")} o
where o.xid >= pg_snapshot_xmax(r.lo) or o.xid = any (array(select pg_snapshot_xip(r.lo)))`,
    [name],
  );
  const unrelayed = rows[0]?.count ?? 0;
  return [
    ...working.rows.map(({ saga, key }) => `${name}: the saga ${saga} ${key} is at work`),
    ...(unrelayed > 0 ? [`${name}: ${unrelayed} events in the outbox`] : []),
  ];
}

async function newsToCome(
  database: Database,
  implementation: Implementation,
  head: (publisher: string) => Promise<bigint>,
): Promise<readonly string[]> {
  const { domain, readModels, replicas } = implementation;
  const kept = new Set([...readModels, ...replicas].map(({ name }) => name));
  // Nobody who runs fills what only others declare, as those for whom there is a stand-in.
  const builds = (await listBuilds(database, domain.name)).filter(({ copy }) => kept.has(copy));
  const left = builds
    .filter(({ state, filledAt }) => state === "building" || filledAt === null)
    .map(({ copy, build }) => `${domain.name}: build ${build} of ${copy}, which is not whole yet`);
  const statuses = await subscriptionStatus(database, domain.name, head);
  for (const { name, events } of allSubscriptions(implementation, builds)) {
    for (const [publisher, needed] of neededEvents(domain)) {
      if (!needed.some((event) => events.includes(event))) continue;
      const status = statuses.find((other) => other.subscription === name && other.publisher === publisher);
      if (status === undefined) left.push(`${domain.name}.${name}: not begun with ${publisher}`);
      else if (status.lag > 0 || status.parked > 0)
        left.push(`${domain.name}.${name}: ${status.lag} of ${publisher} to come, ${status.parked} parked`);
    }
  }
  return left;
}
