import { busDomainSteps, busNeedSteps, busSystemSteps } from "@polder/bus";
import { type DatabaseAddress, homeOf, homeSteps, openDatabase, openSecrets, provision } from "@polder/postgres";
import { readingDomainSteps } from "@polder/reading";
import type { Contender, ServerAddress } from "../contender.ts";
import { tablesOf } from "../tables.ts";
import { KEYS, payloadOf, tablesSql } from "../workload.ts";
import { domains } from "./polder-domains.ts";

/** The homes of both domains. */
export interface PolderSetup extends AsyncDisposable {
  readonly address: (domain: string) => DatabaseAddress;
  readonly fill: Contender["fill"];
}

/** Events that one transaction of a backlog publishes. */
const FILL_EVENTS = 1_000;

/** Provisions both domains and makes their tables, unless another process of the benchmark has done so. */
export async function setUpPolder(server: ServerAddress): Promise<PolderSetup> {
  const secrets = openSecrets({ directory: server.directory, env: process.env });
  const admin = openDatabase({ ...server, connectionsMax: 2, statementTimeoutMs: 0 });
  await provision({
    admin,
    homes: domains.map(({ name }) => homeOf(name)),
    scopes: [
      busSystemSteps(),
      ...domains.map(({ name }) => homeSteps(homeOf(name))),
      ...domains.map(({ name }) => busDomainSteps(name)),
      ...domains.map(({ name }) => readingDomainSteps(name)),
      ...domains.map((one) => busNeedSteps(one)),
    ],
    password: secrets.get,
  });
  const { rows } = await admin.query<{ made: boolean }>("select to_regclass('ordering.aggregate') is not null as made");
  if (rows[0]?.made !== true) for (const statement of tablesSql(tablesOf["polder-bus"])) await admin.query(statement);
  await admin.query("grant select, update on ordering.aggregate to ordering_app");
  await admin.query("grant insert on billing.sink to billing_app");
  return {
    address: (domain) => {
      const { app } = homeOf(domain);
      return { ...server, user: app, password: secrets.get(app) };
    },
    fill: async ({ prefix, events }) => {
      const data = JSON.stringify(payloadOf("$key", -1));
      for (let from = 0; from < events; from += FILL_EVENTS) {
        await admin.query(
          `insert into ordering._outbox (event_id, key, type, version, data)
select gen_random_uuid(), key, 'ordering.OrderChanged', '1.0.0', replace(replace($4, '$key', key), '-1', version::text)::json
from (
  select $1 || number % $5 as key, number / $5 + 1 as version
  from generate_series($2::integer, $3::integer) as number
) as event`,
          [prefix, from, Math.min(events, from + FILL_EVENTS) - 1, data, KEYS],
        );
      }
    },
    [Symbol.asyncDispose]: admin.close,
  };
}
