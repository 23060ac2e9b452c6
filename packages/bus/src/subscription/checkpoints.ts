import { type Database, homeOf, type Statement } from "@polder/postgres";
import { type BusNames, busNames } from "../names.ts";
import { type BalanceStep, balance, type CheckpointRange, middleOf } from "./balance.ts";

/** Names one consumption: a subscription of a domain to the log of one publisher. */
export interface StreamName {
  /** The domain that subscribes. */
  readonly consumer: string;
  readonly subscription: string;
  readonly publisher: string;
}

/** A range that this process holds. */
export interface HeldRange {
  readonly lo: number;
  readonly hi: number;
  readonly epoch: bigint;
  /** Everything up to here is handled. */
  readonly seq: bigint;
}

/** The table of checkpoints of one stream: who holds what, and how far it has come. */
export interface Checkpoints {
  /** Makes the first checkpoint if there is none. */
  readonly create: (start: bigint) => Promise<void>;
  /** Renews the leases of this process. */
  readonly touch: () => Promise<void>;
  /** Renews the leases of this process and takes some steps towards an even share. Gives what it holds now. */
  readonly renew: () => Promise<readonly HeldRange[]>;
  /** Gives all leases back. */
  readonly release: () => Promise<void>;
  /** The statement that moves a checkpoint; it fails with SQLSTATE `PL001` when the lease is lost. */
  readonly advance: (range: HeldRange, seq: bigint) => Statement;
  /** The lowest checkpoint, or nothing before the first. */
  readonly lowest: () => Promise<bigint | undefined>;
}

/** SQLSTATE of a checkpoint whose range has another owner by now. */
export const LEASE_LOST_STATE = "PL001";

/** Steps that one renewal takes at most. */
const STEPS_MAX = 4;

/** What every statement on the table needs. */
interface Table {
  readonly database: Database;
  readonly sql: BusNames;
  /** Subscription and publisher: `$1` and `$2` of every statement. */
  readonly key: readonly [subscription: string, publisher: string];
  readonly owner: string;
  readonly leaseSeconds: number;
}

/** Opens the checkpoints of one stream for the process `owner` (a UUID). */
export function openCheckpoints(
  stream: StreamName,
  options: { readonly database: Database; readonly owner: string; readonly leaseMs: number },
): Checkpoints {
  const { database, owner, leaseMs } = options;
  const sql = busNames(homeOf(stream.consumer));
  const key = [stream.subscription, stream.publisher] as const;
  const table: Table = { database, sql, key, owner, leaseSeconds: leaseMs / 1_000 };
  const sqlOfOwner = "where subscription = $1 and publisher = $2 and owner = $3";
  const touch = async (): Promise<void> => {
    await database.query(`update ${sql.checkpoint} set lease_until = now() + make_interval(secs => $4) ${sqlOfOwner}`, [
      ...key,
      owner,
      table.leaseSeconds,
    ]);
  };
  return {
    create: async (start) => {
      await database.query(
        `insert into ${sql.checkpoint} (subscription, publisher, part_lo, part_hi, seq) values ($1, $2, 0, 63, $3) on conflict do nothing`,
        [...key, String(start)],
      );
    },
    touch,
    renew: async () => {
      await touch();
      let { ranges, instances } = await look(table);
      for (let steps = 0; steps < STEPS_MAX; steps += 1) {
        const next = balance(ranges, instances);
        if (next.kind === "none" || !(await take(table, next))) break;
        ({ ranges, instances } = await look(table));
      }
      return ranges.filter(({ mine, free }) => mine && !free).map(({ lo, hi, seq, epoch }) => ({ lo, hi, seq, epoch }));
    },
    release: async () => {
      await database.query(`update ${sql.checkpoint} set owner = null, lease_until = '-infinity' ${sqlOfOwner}`, [
        ...key,
        owner,
      ]);
    },
    advance: (range, seq) => ({
      text: `select ${sql.advance}($1, $2, $3, $4, $5, $6)`,
      values: [...key, range.lo, range.hi, String(range.epoch), String(seq)],
    }),
    lowest: async () => {
      const { rows } = await database.query<{ seq: string | null }>(
        `select min(seq) as seq from ${sql.checkpoint} where subscription = $1 and publisher = $2`,
        key,
      );
      const seq = rows[0]?.seq;
      return seq === null || seq === undefined ? undefined : BigInt(seq);
    },
  };
}

/** Who holds what, and how many processes there are to share it. */
interface Seen {
  readonly ranges: readonly CheckpointRange[];
  readonly instances: number;
}

async function look({ database, sql, key, owner, leaseSeconds }: Table): Promise<Seen> {
  const { rows } = await database.query<{
    lo: number;
    hi: number;
    seq: string;
    epoch: string;
    owner: string | null;
    free: boolean;
    instances: number;
  }>(
    `select part_lo as lo, part_hi as hi, seq, epoch, owner, lease_until < now() as free,
  (
    select count(*)::int from ${sql.instance}
    where seen_at > now() - make_interval(secs => $3) and (subscriptions is null or $1 = any (subscriptions))
  ) as instances
from ${sql.checkpoint} where subscription = $1 and publisher = $2 order by part_lo`,
    [...key, leaseSeconds],
  );
  const ranges = rows.map((row) => ({
    lo: row.lo,
    hi: row.hi,
    seq: BigInt(row.seq),
    epoch: BigInt(row.epoch),
    owner: row.free ? undefined : (row.owner ?? undefined),
    mine: row.owner === owner,
    free: row.free,
  }));
  return { ranges, instances: Math.max(1, rows[0]?.instances ?? 1) };
}

/** Takes a step; says whether the table has changed. */
async function take(
  { database, sql, key, owner, leaseSeconds }: Table,
  step: Exclude<BalanceStep, { kind: "none" }>,
): Promise<boolean> {
  switch (step.kind) {
    case "claim": {
      const claimed = await database.query(
        `update ${sql.checkpoint} set owner = $3, epoch = epoch + 1, lease_until = now() + make_interval(secs => $4)
where subscription = $1 and publisher = $2 and part_lo = (
  select part_lo from ${sql.checkpoint}
  where subscription = $1 and publisher = $2 and lease_until < now()
  -- A range that is being committed or claimed is not free.
  order by part_lo limit 1 for update skip locked
)`,
        [...key, owner, leaseSeconds],
      );
      return (claimed.rowCount ?? 0) > 0;
    }
    case "release":
      await database.query(
        `update ${sql.checkpoint} set owner = null, lease_until = '-infinity'
where subscription = $1 and publisher = $2 and part_lo = $3 and owner = $4 and epoch = $5`,
        [...key, step.range.lo, owner, String(step.range.epoch)],
      );
      return true;
    case "split":
      // One statement, so that the parts are covered at every moment. The checkpoint is read where it is halved.
      await database.query(
        `with lower as (
  update ${sql.checkpoint} set part_hi = $4
  where subscription = $1 and publisher = $2 and part_lo = $3 and part_hi = $5 and owner = $6 and epoch = $7
  returning seq, epoch
)
insert into ${sql.checkpoint} (subscription, publisher, part_lo, part_hi, seq, epoch)
select $1, $2, $4::smallint + 1, $5, seq, epoch from lower`,
        [...key, step.range.lo, middleOf(step.range), step.range.hi, owner, String(step.range.epoch)],
      );
      return true;
    case "merge":
      await database.query(
        `with gone as (
  delete from ${sql.checkpoint}
  where subscription = $1 and publisher = $2 and part_lo = $4 and owner = $5 and seq = $6
    and exists (select from ${sql.checkpoint} where subscription = $1 and publisher = $2 and part_lo = $3 and owner = $5 and seq = $6)
  returning part_hi
)
update ${sql.checkpoint} set part_hi = gone.part_hi, epoch = epoch + 1
from gone
where subscription = $1 and publisher = $2 and part_lo = $3`,
        [...key, step.left.lo, step.right.lo, owner, String(step.left.seq)],
      );
      return true;
  }
}
