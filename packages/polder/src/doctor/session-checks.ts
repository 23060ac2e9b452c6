import type { Check } from "./check.ts";

const holdsBack =
  "It holds back the horizon of the whole server: old versions of rows pile up, and every table that is updated often grows slow.";

/** What others hold open on the server. */
export const sessionChecks: readonly Check[] = [
  {
    code: "transaction-long",
    severity: "warning",
    needs: "database",
    looksFor: "transactions that have been open for more than five minutes, in any database of the server.",
    why: holdsBack,
    remedy: "Ask whoever runs it; end it with select pg_terminate_backend(pid).",
    look: async ({ admin, limits }) => {
      const { rows } = await admin.query<Session>(
        `select pid, coalesce(usename::text, backend_type) as who, coalesce(datname::text, '-') as database, state,
  extract(epoch from clock_timestamp() - xact_start)::int as seconds
from pg_stat_activity
where xact_start < clock_timestamp() - make_interval(secs => $1) and pid <> pg_backend_pid()
  and (backend_xid is not null or backend_xmin is not null)
order by xact_start limit 20`,
        [limits.transactionMs / 1_000],
      );
      return rows.map(({ pid, who, database, state, seconds }) => ({
        what: `A transaction of ${who} in ${database} is open for ${seconds} s (pid ${pid}, ${state ?? "unknown"}).`,
        remedy: `Ask whoever runs it; end it with select pg_terminate_backend(${pid}).`,
      }));
    },
  },
  {
    code: "transaction-prepared",
    severity: "warning",
    needs: "database",
    looksFor: "prepared transactions (two-phase commits) that nobody has ended for more than five minutes.",
    why: `${holdsBack} It keeps its locks as well, also over a restart.`,
    remedy: "End it in its database with commit prepared or rollback prepared, as whoever coordinates it decides.",
    look: async ({ admin, limits }) => {
      const { rows } = await admin.query<{ gid: string; database: string; owner: string; seconds: number }>(
        `select gid, database::text, owner::text, extract(epoch from clock_timestamp() - prepared)::int as seconds
from pg_prepared_xacts
where prepared < clock_timestamp() - make_interval(secs => $1)
order by prepared limit 20`,
        [limits.transactionMs / 1_000],
      );
      return rows.map(({ gid, database, owner, seconds }) => ({
        what: `The prepared transaction ${JSON.stringify(gid)} of ${owner} in ${database} waits for ${seconds} s.`,
      }));
    },
  },
  {
    code: "slot-unused",
    severity: "warning",
    needs: "database",
    looksFor: "replication slots that nobody uses and that keep more than 1 GiB.",
    why: "The server keeps its journal for them until the disk is full; then it stops.",
    remedy: "Start whoever reads it, or drop it with select pg_drop_replication_slot(name).",
    look: async ({ admin, limits }) => {
      const { rows } = await admin.query<{ name: string; bytes: string }>(
        `select slot_name::text as name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::text as bytes
from pg_replication_slots
where not active and not pg_is_in_recovery()
  and pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) >= $1
order by slot_name limit 20`,
        [limits.slotBytes],
      );
      return rows.map(({ name, bytes }) => ({
        what: `Nobody reads the replication slot ${JSON.stringify(name)}, and it keeps ${Math.ceil(Number(bytes) / 1024 ** 2)} MiB.`,
      }));
    },
  },
];

interface Session {
  readonly pid: number;
  readonly who: string;
  readonly database: string;
  readonly state: string | null;
  readonly seconds: number;
}
