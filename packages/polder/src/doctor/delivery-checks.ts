import { listDeadLetters, logHead, type SubscriptionStatus, subscriptionStatus } from "@polder/bus";
import { homeOf, identifier, literal, POLDER_ROLE } from "@polder/postgres";
import { listBuilds } from "@polder/reading";
import { listSagas } from "@polder/sagas";
import { allSubscriptions } from "../all-subscriptions.ts";
import type { Check, ExaminedDatabase, Sight } from "./check.ts";

/** What can be wrong with the way of the events. */
export const deliveryChecks: readonly Check[] = [
  {
    code: "process-silent",
    severity: "warning",
    needs: "homes",
    looksFor: "processes that have not signed off and give no sign of life for more than a minute.",
    why: "They were killed, hang, or have lost the database; what they did is done by others, or by nobody.",
    remedy: "Look at the log of that process. The entry is removed after a day.",
    look: async (examined) =>
      await ofEachDomain(examined, async (domain, sqlTable) => {
        const { rows } = await examined.database.adminOf(domain).query<{ host: string; pid: number; seconds: number }>(
          `select host, pid, extract(epoch from now() - seen_at)::int as seconds
from ${sqlTable("_instance")}
where seen_at < now() - make_interval(secs => $1)
order by seen_at limit 20`,
          [examined.limits.silenceMs / 1_000],
        );
        return rows.map(({ host, pid, seconds }) => ({
          what: `${domain}: process ${pid} on ${host} was seen ${seconds} s ago.`,
        }));
      }),
  },
  {
    code: "lease-expired",
    severity: "warning",
    needs: "homes",
    looksFor: "parts of a subscription whose lease has run out for more than a minute, and that nobody has taken over.",
    why: "Whoever held them died, and no other process runs that domain: their events are not handled.",
    remedy: "Start a process for that domain.",
    look: async (examined) =>
      await leases(examined, {
        sql: "owner is not null and lease_until < now() - make_interval(secs => $1)",
        values: [examined.limits.silenceMs / 1_000],
        says: "belong to a process that has not renewed its lease",
      }),
  },
  {
    code: "lease-stuck",
    severity: "error",
    needs: "homes",
    looksFor: "leases that reach more than five minutes into the future.",
    why: "A lease lasts for seconds. Until this one ends no other process takes the part over, and its events wait.",
    remedy: "Set it back: update … set owner = null, lease_until = '-infinity', epoch = epoch + 1.",
    look: async (examined) =>
      await leases(examined, {
        sql: "lease_until > now() + make_interval(secs => $1)",
        values: [examined.limits.leaseMs / 1_000],
        says: "are leased far into the future",
      }),
  },
  {
    code: "outbox-stalled",
    severity: "error",
    needs: "homes",
    looksFor: "events in an outbox that were committed more than five minutes ago and are not in the log yet.",
    why: "No subscription sees them: the relay of that domain does not run.",
    remedy: "Start a process for that domain, or look in its log for why its relay fails.",
    look: async (examined) =>
      await ofEachDomain(examined, async (domain, sqlTable) => {
        const { rows } = await examined.database.adminOf(domain).query<{ count: number; seconds: number | null }>(
          `select count(*)::int as count, extract(epoch from now() - min(o.at))::int as seconds
from (select lo from polder.relay where domain = $1 order by step desc limit 1) r, ${sqlTable("_outbox")} o
where (o.xid >= pg_snapshot_xmax(r.lo) or o.xid = any (array(select pg_snapshot_xip(r.lo))))
  and o.at < now() - make_interval(secs => $2)`,
          [domain, examined.limits.lagMs / 1_000],
        );
        return rows
          .filter(({ count }) => count > 0)
          .map(({ count, seconds }) => ({
            what: `${domain}: ${count} events are not relayed, the oldest for ${seconds} s.`,
          }));
      }),
  },
  {
    code: "subscription-behind",
    severity: "warning",
    needs: "homes",
    looksFor: "subscriptions that are more than 10,000 positions or five minutes behind the log.",
    why: "What they keep up to date is out of date, and the log is kept until they have seen it.",
    remedy: "Start a process for that domain, or more of them; look whether its handlers are slow.",
    look: async (examined) => {
      const behind: Sight[] = [];
      for (const status of await statuses(examined)) {
        const seconds = status.lag > 0 ? await waitsFor(examined, status) : 0;
        if (status.lag <= examined.limits.lagEvents && seconds * 1_000 <= examined.limits.lagMs) continue;
        behind.push({
          what: `${status.domain}/${status.subscription} is ${status.lag} positions and ${seconds} s behind the log of ${status.publisher}; ${status.owners} processes share it.`,
        });
      }
      return behind;
    },
  },
  {
    code: "dead-letters",
    severity: "warning",
    needs: "homes",
    looksFor: "events that a subscription has given up on.",
    why: "Their effects are missing, and later events of the same key wait behind them.",
    remedy: "See polder dead-letters list; mend the reason, then retry or discard them.",
    look: async (examined) => {
      const sights: Sight[] = [];
      for (const { domain, subscription, publisher, dead } of await statuses(examined)) {
        if (dead === 0) continue;
        const [first] = (await listDeadLetters(examined.database.adminOf(domain), domain)).filter(
          (letter) => letter.subscription === subscription,
        );
        const why = first === undefined ? "" : ` The oldest: ${first.error.split("\n", 1)[0]}`;
        sights.push({ what: `${domain}/${subscription} has given up on ${dead} events of ${publisher}.${why}` });
      }
      return sights;
    },
  },
  {
    code: "saga-stuck",
    severity: "warning",
    needs: "homes",
    looksFor: "sagas that stand still until somebody looks at them.",
    why: "Their process over several domains has neither come to its end nor been taken back.",
    remedy: "See polder sagas show; mend the reason, then resume or abort the saga.",
    look: async ({ project, database: { adminOf } }) => {
      const sights: Sight[] = [];
      for (const { name } of project.domains) {
        const stuck = await listSagas(adminOf(name), name, { stuck: true });
        sights.push(...stuck.map(({ saga, key, stuck: why }) => ({ what: `${name}/${saga}/${key}: ${why}` })));
      }
      return sights;
    },
  },
  {
    code: "subscription-forgotten",
    severity: "warning",
    needs: "homes",
    looksFor: "checkpoints of subscriptions that no domain declares any more.",
    why: "The log is kept for the slowest subscription: for one that never comes again it is kept for ever.",
    remedy: "Delete what is left of it; the statements are named.",
    look: async (examined) => {
      const { project, database } = examined;
      const declared = new Set<string>();
      for (const { name, implementation } of project.domains) {
        const builds = await listBuilds(database.adminOf(name), name);
        const known = [
          ...allSubscriptions(implementation, []).map((one) => one.name),
          ...builds.map((one) => one.subscription),
        ];
        for (const subscription of known) declared.add(`${name}/${subscription}`);
      }
      return (await statuses(examined))
        .filter(({ domain, subscription }) => !declared.has(`${domain}/${subscription}`))
        .map(({ domain, subscription, publisher }) => ({
          what: `${domain}/${subscription} on ${publisher} is not declared any more.`,
          remedy: `Run: ${forgetting(domain, subscription)}`,
        }));
    },
  },
  {
    code: "read-model-forgotten",
    severity: "warning",
    needs: "homes",
    looksFor: "builds of read models and replicas that no domain declares any more.",
    why: "Nobody keeps them, yet they are read as if somebody did; and the logs are kept for them for ever.",
    remedy: "Drop them: polder read-models drop domain/name.",
    look: async ({ project, database: { adminOf } }) => {
      const sights: Sight[] = [];
      for (const { name, implementation } of project.domains) {
        const known = new Set([...implementation.readModels, ...implementation.replicas].map((copied) => copied.name));
        const forgotten = (await listBuilds(adminOf(name), name)).filter(({ copy }) => !known.has(copy));
        for (const copy of new Set(forgotten.map((build) => build.copy)))
          sights.push({
            what: `${name}/${copy} is not declared any more.`,
            remedy: `Run: polder read-models drop ${name}/${copy}`,
          });
      }
      return sights;
    },
  },
];

type SqlTable = (table: string) => string;

async function ofEachDomain(
  { project }: ExaminedDatabase,
  look: (domain: string, sqlTable: SqlTable) => Promise<readonly Sight[]>,
): Promise<readonly Sight[]> {
  const sights: Sight[] = [];
  for (const { name } of project.domains)
    sights.push(...(await look(name, (table) => identifier(homeOf(name).schema, table))));
  return sights;
}

interface LeaseLook {
  readonly sql: string;
  readonly values: readonly unknown[];
  readonly says: string;
}

async function leases(examined: ExaminedDatabase, lookFor: LeaseLook): Promise<readonly Sight[]> {
  const { sql: sqlCondition, values, says } = lookFor;
  return await ofEachDomain(examined, async (domain, sqlTable) => {
    const { rows } = await examined.database
      .adminOf(domain)
      .query<{ subscription: string; publisher: string; parts: number }>(
        `select subscription, publisher, sum(part_hi - part_lo + 1)::int as parts
from ${sqlTable("_checkpoint")}
where ${sqlCondition}
group by subscription, publisher
order by subscription, publisher`,
        values,
      );
    return rows.map(({ subscription, publisher, parts }) => ({
      what: `${domain}/${subscription}: ${parts} of 64 parts of ${publisher} ${says}.`,
    }));
  });
}

async function statuses({ database: { adminOf }, project }: ExaminedDatabase): Promise<readonly SubscriptionStatus[]> {
  const found: SubscriptionStatus[] = [];
  for (const { name } of project.domains)
    found.push(
      ...(await subscriptionStatus(adminOf(name), name, (publisher) => logHead(adminOf(publisher), publisher))),
    );
  return found;
}

/** How long the next event of a subscription has been in the log, in seconds. */
async function waitsFor({ database: { adminOf } }: ExaminedDatabase, status: SubscriptionStatus): Promise<number> {
  const sqlLog = identifier(POLDER_ROLE, `log_${homeOf(status.publisher).schema}`);
  const { rows } = await adminOf(status.publisher).query<{ seconds: number }>(
    `select extract(epoch from now() - relayed_at)::int as seconds from ${sqlLog} where seq > $1 order by seq limit 1`,
    [status.seq],
  );
  return rows[0]?.seconds ?? 0;
}

function forgetting(domain: string, subscription: string): string {
  const { schema, app } = homeOf(domain);
  const sqlName = literal(subscription);
  return [
    `delete from ${identifier(schema, "_checkpoint")} where subscription = ${sqlName}`,
    `delete from ${identifier(schema, "_parked")} where subscription = ${sqlName}`,
    `delete from polder.subscriber where consumer = ${literal(app)} and subscription = ${sqlName}`,
  ].join("; ");
}
