import { type Domain, domainOf } from "@polder/model";
import { homeOf, identifier, literal, POLDER_ROLE, type SystemScope } from "@polder/postgres";
import { busNames } from "./names.ts";
import { sqlFile } from "./sql-file.ts";

/** Rows of a partition of outbox and log, unless the host is told otherwise. */
export const ROWS_PER_PARTITION = 1_000_000;

/** What the bus keeps in a database for all domains together. */
export function busSystemSteps(): SystemScope {
  return {
    scope: "system",
    steps: [
      { name: "0001 bus tables", sql: sqlFile("tables") },
      {
        name: "0002 former needs",
        sql: `alter table polder.consumer
  -- What the declaration before needed; processes that still run it may read it until then.
  add column former text[] not null default '{}',
  add column former_until timestamptz not null default '-infinity';`,
      },
      { name: "bus functions", sql: sqlFile("functions"), repeatable: true },
    ],
  };
}

/** What the bus keeps for one domain: its log, and where its own subscriptions stand. */
export function busDomainSteps(
  domain: string,
  { partitionRows = ROWS_PER_PARTITION }: { readonly partitionRows?: number } = {},
): SystemScope {
  const home = homeOf(domain);
  const sql = busNames(home);
  const sqlRows = literal(String(partitionRows));
  return {
    scope: domain,
    steps: [
      { name: "0101 log", sql: sqlFile("log", sql) },
      { name: "0102 checkpoint", sql: sqlFile("checkpoint", sql) },
      { name: "relay functions", sql: sqlFile("relay", sql), repeatable: true },
      { name: "read functions", sql: sqlFile("read", sql), repeatable: true },
      { name: "position function", sql: sqlFile("position", sql), repeatable: true },
      { name: "advance function", sql: sqlFile("advance", sql), repeatable: true },
      {
        name: "0103 first partitions",
        sql: `select ${sql.maintain}(${sqlRows}, interval '7 days')`,
      },
    ],
  };
}

/** How long processes that run the declaration before may still read what the new one no longer needs. */
const FORMER_NEEDS_KEPT = "1 day";
/** A subscription without news says once a minute that it is there; one that has not for so long is not running. */
const READER_SEEN = "5 minutes";

/**
 * The rights to read that a domain's declaration asks for: exactly the events that it needs, of exactly those domains.
 * In a database where not every publisher lives, `isHere` says which ones do.
 */
export function busNeedSteps(declared: Domain, isHere: (publisher: string) => boolean = () => true): SystemScope {
  const { app } = homeOf(declared.name);
  const needed = new Map([...neededEvents(declared)].filter(([publisher]) => isHere(publisher)));
  const sqlRows = [...needed]
    .map(
      ([publisher, events]) =>
        `(${literal(publisher)}, ${literal(app)}, array[${events.map((event) => literal(event)).join(", ")}])`,
    )
    .join(", ");
  const sqlGrants = [...needed.keys()].map((publisher) => {
    const sql = busNames(homeOf(publisher));
    return `grant execute on function ${sql.read}(bigint, bigint, integer, integer, text[], integer), ${sql.pending}(bigint, text[]), ${sql.seq_at}(timestamptz), ${sql.locate}(json), ${sql.log_state}() to ${identifier(app)};`;
  });
  const sqlReport = `grant execute on function ${identifier(POLDER_ROLE, "report")}(text, text, bigint), ${identifier(POLDER_ROLE, "forget")}(text, text, text[]) to ${identifier(app)};`;
  return {
    scope: declared.name,
    steps: [
      {
        name: "needs",
        repeatable: true,
        sql: [
          `update polder.consumer c
set events = '{}',
    former = array(select distinct e from unnest(events || case when former_until > now() then former else '{}' end) e order by e),
    former_until = case when exists (
      select from polder.subscriber s
      where s.publisher = c.publisher and s.consumer = c.consumer and s.seen_at > now() - interval ${literal(READER_SEEN)}
    ) then now() + interval ${literal(FORMER_NEEDS_KEPT)} else '-infinity' end
where consumer = ${literal(app)};`,
          ...(needed.size > 0
            ? [
                `insert into polder.consumer (publisher, consumer, events) values ${sqlRows}
on conflict (publisher, consumer) do update set events = excluded.events;`,
                sqlReport,
              ]
            : []),
          `delete from polder.consumer where consumer = ${literal(app)} and events = '{}' and former_until < now();`,
          ...sqlGrants,
        ].join("\n"),
      },
    ],
  };
}

/** The events that a domain needs, by the domain that publishes them. */
export function neededEvents(declared: Domain): ReadonlyMap<string, readonly string[]> {
  const byPublisher = new Map<string, string[]>();
  for (const { contract } of declared.needs) {
    if (contract.kind !== "event") continue;
    const publisher = domainOf(contract.name);
    byPublisher.set(publisher, [...(byPublisher.get(publisher) ?? []), contract.name].sort());
  }
  return byPublisher;
}
