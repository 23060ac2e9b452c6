import { CLOCK_TOLERANCE_SECONDS } from "@polder/http";
import type { Check, ExaminedDatabase } from "./check.ts";

/** What can be wrong with the server and its settings. */
export const serverChecks: readonly Check[] = [
  {
    code: "postgres-outdated",
    severity: "warning",
    needs: "database",
    looksFor: "a major version of PostgreSQL that its makers no longer mend.",
    why: "Errors that lose data and holes in its security stay open.",
    remedy: "Upgrade to a later major version; Polder runs on 14 and every later one.",
    look: async (examined) => {
      const found = await settings(examined, ["server_version_num"]);
      const major = Math.floor(Number(found["server_version_num"]) / 10_000);
      const endOfLife = endsOfLife[major];
      if (endOfLife === undefined || examined.now() < Date.parse(endOfLife)) return [];
      return [{ what: `PostgreSQL ${major} is not maintained since ${endOfLife}.` }];
    },
  },
  {
    code: "read-only",
    severity: "error",
    needs: "database",
    looksFor: "a standby, or a database in which transactions cannot write.",
    why: "No command and no subscription can do its work there.",
    remedy: "Let DATABASE_URL name the primary; reset default_transaction_read_only.",
    look: async ({ admin }) => {
      const { rows } = await admin.query<{ standby: boolean; readOnly: string }>(
        `select pg_is_in_recovery() as standby, current_setting('default_transaction_read_only') as "readOnly"`,
      );
      return rows.flatMap(({ standby, readOnly }) => [
        ...(standby ? [{ what: "The server is a standby." }] : []),
        ...(readOnly === "on" ? [{ what: "default_transaction_read_only is on." }] : []),
      ]);
    },
  },
  {
    code: "durability-off",
    severity: "error",
    needs: "database",
    looksFor: "fsync or full_page_writes switched off, or commits that do not wait for the disk.",
    why: "After a crash of the machine, what was answered as done is gone, or the whole database is broken.",
    remedy: "Switch it on: alter system set … = on, then select pg_reload_conf().",
    look: async (examined) => {
      const found = await settings(examined, ["fsync", "full_page_writes", "synchronous_commit"]);
      return [
        ...["fsync", "full_page_writes"]
          .filter((name) => found[name] === "off")
          .map((name) => ({ what: `${name} is off: a crash of the machine may destroy the database.` })),
        ...(found["synchronous_commit"] === "off"
          ? [
              {
                what: "synchronous_commit is off: a crash of the server loses the last transactions that were answered.",
                severity: "warning" as const,
              },
            ]
          : []),
      ];
    },
  },
  {
    code: "autovacuum-off",
    severity: "warning",
    needs: "database",
    looksFor: "autovacuum switched off.",
    why: "Checkpoints, leases and the relay's state are updated all the time; what is left of the old rows makes everything slower.",
    remedy: "alter system set autovacuum = on, then select pg_reload_conf().",
    look: async (examined) => {
      const found = await settings(examined, ["autovacuum"]);
      return found["autovacuum"] === "off" ? [{ what: "autovacuum is off." }] : [];
    },
  },
  {
    code: "timeouts-short",
    severity: "warning",
    needs: "database",
    looksFor: "limits of the server that end the sessions and transactions of Polder's processes.",
    why: "A process keeps connections open while nothing happens, and a handler may take 30 seconds: cut off, it begins again.",
    remedy: "Lift the limit for the roles of the domains: alter role … set … = 0.",
    look: async (examined) => {
      const found = await settings(examined, ["idle_session_timeout", "transaction_timeout"]);
      const idleMs = Number(found["idle_session_timeout"] ?? 0);
      const transactionMs = Number(found["transaction_timeout"] ?? 0);
      return [
        ...(idleMs > 0 ? [{ what: `idle_session_timeout is ${idleMs} ms.` }] : []),
        ...(transactionMs > 0 && transactionMs < HANDLER_MS
          ? [{ what: `transaction_timeout is ${transactionMs} ms.` }]
          : []),
      ];
    },
  },
  {
    code: "connections-short",
    severity: "warning",
    needs: "homes",
    looksFor:
      "fewer connections than the pools of the processes may take (max_connections without those for superusers).",
    why: "When all are taken, calls and deliveries fail with POSTGRES_BUSY, and nobody can log in to look.",
    remedy: "Raise max_connections, lower connectionsMax, or put a pooler before the server (prepare: false).",
    look: async (examined) => {
      const found = await settings(examined, [
        "max_connections",
        "superuser_reserved_connections",
        "reserved_connections",
      ]);
      const usable =
        Number(found["max_connections"]) -
        Number(found["superuser_reserved_connections"] ?? 0) -
        Number(found["reserved_connections"] ?? 0);
      const { domains, loaded } = examined.project;
      const each = loaded.config.connectionsMax ?? 10;
      // A process has one connection more, to listen.
      const wanted = domains.length * each + 1;
      if (loaded.config.prepare === false || wanted <= usable) return [];
      return [
        {
          what: `A process with all ${domains.length} domains may take ${wanted} connections (${each} for each domain, and one to listen), and the server has ${usable}.`,
        },
      ];
    },
  },
  {
    code: "clock-wrong",
    severity: "warning",
    needs: "database",
    looksFor:
      "clocks of this machine and of the database that are more than a second apart; an error when they are further apart than tokens bear (5 seconds, or identity.clockToleranceSeconds).",
    why: "Times in logs and traces of several machines do not fit together, and certificates and tokens count as expired: calls between domains are refused with CALLER_TOKEN_EARLY or CALLER_TOKEN_EXPIRED.",
    remedy: "Let both machines set their clocks by the network (NTP).",
    look: async ({ project, admin, limits, now }) => {
      const before = now();
      const { rows } = await admin.query<{ at: number }>(
        "select extract(epoch from clock_timestamp())::float8 * 1000 as at",
      );
      const after = now();
      const apartMs = (rows[0]?.at ?? after) - (before + after) / 2;
      // The answer may have taken all the time, or the question.
      if (Math.abs(apartMs) - (after - before) / 2 <= limits.clockMs) return [];
      const seconds = (Math.abs(apartMs) / 1_000).toFixed(1);
      const what = `This machine's clock is ${seconds} s ${apartMs > 0 ? "behind" : "ahead of"} the database's.`;
      const toleranceMs = 1_000 * (project.loaded.config.identity?.clockToleranceSeconds ?? CLOCK_TOLERANCE_SECONDS);
      return [{ what, ...(Math.abs(apartMs) > toleranceMs ? { severity: "error" as const } : {}) }];
    },
  },
];

/** The last day of each major version, from https://www.postgresql.org/support/versioning/. */
const endsOfLife: Readonly<Record<number, string>> = {
  14: "2026-11-12",
  15: "2027-11-11",
  16: "2028-11-09",
  17: "2029-11-08",
  18: "2030-11-14",
};

/** A handler of events has this long unless it says otherwise, in milliseconds. */
const HANDLER_MS = 30_000;

/** Settings as they are in a session, without units; those that the server does not know are missing. */
async function settings(
  { admin }: ExaminedDatabase,
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const { rows } = await admin.query<{ name: string; setting: string }>(
    "select name, setting from pg_settings where name = any ($1)",
    [names],
  );
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}
