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
      { name: "bus functions", sql: sqlFile("functions"), repeatable: true },
    ],
  };
}

/** What the bus keeps for one domain: its log, and where its own subscriptions stand. */
export function busDomainSteps(domain: string): SystemScope {
  const home = homeOf(domain);
  const sql = busNames(home);
  return {
    scope: domain,
    steps: [
      { name: "0101 log", sql: sqlFile("log", sql) },
      { name: "0102 checkpoint", sql: sqlFile("checkpoint", sql) },
      { name: "relay functions", sql: sqlFile("relay", sql), repeatable: true },
      { name: "read functions", sql: sqlFile("read", sql), repeatable: true },
      { name: "advance function", sql: sqlFile("advance", sql), repeatable: true },
      {
        name: "0103 first partitions",
        sql: `select ${sql.maintain}(${ROWS_PER_PARTITION}, interval '7 days')`,
      },
    ],
  };
}

/** The rights to read that a domain's declaration asks for: exactly the events that it needs, of exactly those domains. */
export function busNeedSteps(declared: Domain): SystemScope {
  const { app } = homeOf(declared.name);
  const needed = neededEvents(declared);
  const sqlRows = [...needed]
    .map(
      ([publisher, events]) =>
        `(${literal(publisher)}, ${literal(app)}, array[${events.map((event) => literal(event)).join(", ")}])`,
    )
    .join(", ");
  const sqlGrants = [...needed.keys()].map((publisher) => {
    const sql = busNames(homeOf(publisher));
    return `grant execute on function ${sql.read}(bigint, bigint, integer, integer, text[], integer), ${sql.seq_at}(timestamptz), ${sql.log_state}() to ${identifier(app)};`;
  });
  const sqlReport = `grant execute on function ${identifier(POLDER_ROLE, "report")}(text, text, bigint) to ${identifier(app)};`;
  return {
    scope: declared.name,
    steps: [
      {
        name: "needs",
        repeatable: true,
        sql: [
          `delete from polder.consumer where consumer = ${literal(app)};`,
          ...(needed.size > 0
            ? [`insert into polder.consumer (publisher, consumer, events) values ${sqlRows};`, sqlReport]
            : []),
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
