import { isPolderError } from "@polder/model";
import { homeOf, identifier, openDatabase, POLDER_ROLE } from "@polder/postgres";
import type { LoadedDomain } from "@polder/runtime";
import type { Check, ExaminedDatabase, Sight } from "./check.ts";

/** What can be wrong with the domains' homes: schemas, roles, rights, tables. */
export const homeChecks: readonly Check[] = [
  {
    code: "provision-pending",
    severity: "error",
    needs: "database",
    looksFor: "declarations that the database does not know yet: a new domain, a new need, a new release of Polder.",
    why: "A process that needs it does not start, or PostgreSQL refuses what the code is allowed to do.",
    remedy: "Run polder provision as an administrator.",
    look: async ({ database }) => {
      const { statements } = await database.provision({ dryRun: true });
      if (statements.length === 0) return [];
      const named = statements.slice(0, 5).map(({ what }) => what);
      const more = statements.length > named.length ? `, and ${statements.length - named.length} more` : "";
      return [{ what: `${statements.length} steps are to be done: ${named.join(", ")}${more}.` }];
    },
  },
  {
    code: "provision-drift",
    severity: "warning",
    needs: "database",
    looksFor: "roles, rights and owners that differ from the declarations.",
    why: "Somebody reads, writes or owns what is another domain's, without a contract that says so.",
    remedy: "Run the statement that polder provision names.",
    look: async ({ database }) => {
      const { drift } = await database.provision({ dryRun: true });
      return drift.map(({ object, found, expected, fix }) => ({
        what: `${object}: ${found}; expected: ${expected}.`,
        remedy: `Run: ${fix}`,
      }));
    },
  },
  {
    code: "login-refused",
    severity: "error",
    needs: "homes",
    looksFor: "a role of a domain that cannot log in with the password that is known here.",
    why: "The processes of that domain do not start.",
    remedy:
      "Give the right password as POLDER_SECRET_<ROLE>, or set all of them anew with polder provision --set-passwords.",
    look: async ({ database, project }) =>
      await ofEach(project.domains, async ({ name }) => {
        const { app } = homeOf(name);
        // A password that is not there would be made by looking at it.
        if (!database.hasPassword(name))
          return [{ what: `The password of ${app} is not known here.`, severity: "note" }];
        try {
          await using login = openDatabase({
            ...database.address(name),
            applicationName: "polder doctor",
            connectionsMax: 1,
          });
          await login.query("select 1");
          return [];
        } catch (error) {
          if (isPolderError(error)) return [{ what: `${app}: ${error.message}` }];
          throw error;
        }
      }),
  },
  {
    code: "migration-pending",
    severity: "warning",
    needs: "homes",
    looksFor: "migrations that have not run.",
    why: "Code that is rolled out before its migrations fails at the tables that it misses.",
    remedy: "Run polder migrate.",
    look: async (examined) =>
      (await plannedMigrations(examined)).flatMap(({ domain, pending }) =>
        pending.length === 0
          ? []
          : [{ what: `${domain}: ${pending.join(", ")} ${pending.length === 1 ? "has" : "have"} not run.` }],
      ),
  },
  {
    code: "migration-wrong",
    severity: "error",
    needs: "homes",
    looksFor: "migrations that were changed or removed after they had run, or that come before one that has run.",
    why: "Nobody knows any more what the tables are made of: the next database that is made from the files is another one.",
    remedy: "Bring the file back as it was; put the change into a further migration.",
    look: async (examined) =>
      (await plannedMigrations(examined)).flatMap(({ problem }) => (problem === undefined ? [] : [{ what: problem }])),
  },
  {
    code: "index-missing",
    severity: "error",
    needs: "homes",
    looksFor: "indexes of Polder's own tables that somebody has dropped.",
    why: "The relay, retries and idempotency keys read whole tables instead, slower with every event; without a unique one, things happen twice.",
    remedy: "Make it again; the statement is named.",
    look: async (examined) => {
      const found = await indexes(examined);
      return examined.project.domains.flatMap(({ name }) =>
        expectedIndexes(name)
          .filter(({ table, columns }) => !found.some((one) => one.table === table && one.columns === columns))
          .map(({ table, columns, isUnique }) => ({
            what: `${table} has no index on (${columns}).`,
            remedy: `Run: create ${isUnique ? "unique " : ""}index on ${identifier(...table.split("."))} (${columns})`,
          })),
      );
    },
  },
  {
    code: "index-invalid",
    severity: "error",
    needs: "homes",
    looksFor:
      "indexes in the domains' schemas that PostgreSQL does not use, such as those of a create index concurrently that failed.",
    why: "They cost every write and serve no read; a unique one lets doubles through.",
    remedy: "Drop it and make it again, or run reindex index concurrently.",
    look: async (examined) =>
      (await indexes(examined))
        .filter(({ isValid }) => !isValid)
        .map(({ name }) => ({ what: `${name} is invalid.`, remedy: `Run: reindex index concurrently ${name}` })),
  },
];

async function ofEach(
  domains: readonly LoadedDomain[],
  look: (domain: LoadedDomain) => Promise<readonly Sight[]>,
): Promise<readonly Sight[]> {
  const sights: Sight[] = [];
  for (const domain of domains) sights.push(...(await look(domain)));
  return sights;
}

interface PlannedMigrations {
  readonly domain: string;
  readonly pending: readonly string[];
  readonly problem?: string;
}

async function plannedMigrations({ database, project }: ExaminedDatabase): Promise<readonly PlannedMigrations[]> {
  const planned: PlannedMigrations[] = [];
  for (const { name: domain } of project.domains) {
    try {
      const migrated = await database.migrate({ dryRun: true, only: [domain] });
      planned.push({ domain, pending: migrated.flatMap(({ migrations }) => migrations) });
    } catch (error) {
      if (!isPolderError(error, "MIGRATION_CHANGED", "MIGRATION_MISSING", "MIGRATION_OUT_OF_ORDER")) throw error;
      planned.push({ domain, pending: [], problem: error.message });
    }
  }
  return planned;
}

interface FoundIndex {
  readonly name: string;
  /** With its schema. */
  readonly table: string;
  /** With commas between them. */
  readonly columns: string;
  readonly isValid: boolean;
}

/** The indexes of whole tables in the schemas of Polder and of the domains; those of partitions go with them. */
async function indexes({ database: { databases }, project }: ExaminedDatabase): Promise<readonly FoundIndex[]> {
  const schemas = [POLDER_ROLE, ...project.domains.map(({ name }) => homeOf(name).schema)];
  const found = databases.map(({ admin }) =>
    admin.query<FoundIndex>(
      `select format('%I.%I', n.nspname, c.relname) as name, n.nspname || '.' || t.relname as "table",
  array_to_string(array(
    select a.attname::text
    from unnest(i.indkey::int2[]) with ordinality as k (attnum, position)
    join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum
    order by k.position
  ), ', ') as columns,
  i.indisvalid as "isValid"
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = t.relnamespace
where n.nspname = any ($1) and not t.relispartition
order by 1`,
      [schemas],
    ),
  );
  return (await Promise.all(found)).flatMap(({ rows }) => rows);
}

interface ExpectedIndex {
  /** With its schema. */
  readonly table: string;
  readonly columns: string;
  readonly isUnique: boolean;
}

/** The indexes that provisioning makes for a domain. */
function expectedIndexes(domain: string): readonly ExpectedIndex[] {
  const { schema } = homeOf(domain);
  const unique = (table: string, columns: string): ExpectedIndex => ({ table, columns, isUnique: true });
  const plain = (table: string, columns: string): ExpectedIndex => ({ table, columns, isUnique: false });
  return [
    unique(`${schema}._outbox`, "id"),
    plain(`${schema}._outbox`, "xid"),
    unique(`${schema}._request`, "operation, key"),
    plain(`${schema}._request`, "at"),
    unique(`${schema}._migration`, "name"),
    unique(`${schema}._instance`, "id"),
    unique(`${schema}._checkpoint`, "subscription, publisher, part_lo"),
    unique(`${schema}._parked`, "subscription, publisher, seq"),
    plain(`${schema}._parked`, "subscription, publisher, key, seq"),
    plain(`${schema}._parked`, "subscription, publisher, next_at"),
    unique(`${schema}._saga`, "saga, key"),
    plain(`${schema}._saga`, "wake_at"),
    plain(`${schema}._saga`, "ended_at"),
    unique(`${schema}._saga_step`, "saga_id, name"),
    unique(`${schema}._saga_news`, "saga_id, event_id"),
    unique(`polder.log_${schema}`, "seq"),
  ];
}
