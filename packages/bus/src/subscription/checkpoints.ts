import { type Database, homeOf, identifier, type Statement } from "@polder/postgres";
import type { LoggedEvent } from "../log/event-source.ts";
import { busNames } from "../names.ts";
import { balance, type CheckpointRange, middleOf } from "./balance.ts";

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
  /** Renews the leases of this process and takes one step towards an even share. Gives what it holds now. */
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

/** Opens the checkpoints of one stream for the process `owner` (a UUID). */
export function openCheckpoints(stream: StreamName, options: { readonly database: Database; readonly owner: string; readonly leaseMs: number }): Checkpoints {
  const { database, owner, leaseMs } = options;
  const home = homeOf(stream.consumer);
  const names = busNames(home);
  const sqlTable = names["checkpoint"];
  const key = [stream.subscription, stream.publisher];
  const lease = `now() + make_interval(secs => ${Number(leaseMs) / 1_000})`;
  const advanceText = `select ${names["advance"]}($1, $2, $3, $4, $5, $6)`;

  const touch = async (): Promise<void> => {
    await database.query(`update ${sqlTable} set lease_until = ${lease} where subscription = $1 and publisher = $2 and owner = $3`, [...key, owner]);
  };
  const look = async (): Promise<readonly CheckpointRange[]> => {
    const { rows } = await database.query<{ lo: number; hi: number; seq: string; epoch: string; owner: string | null; free: boolean }>(
      `select part_lo as lo, part_hi as hi, seq, epoch, owner, lease_until < now() as free
from ${sqlTable} where subscription = $1 and publisher = $2 order by part_lo`,
      key,
    );
    return rows.map((row) => ({
      lo: row.lo,
      hi: row.hi,
      seq: BigInt(row.seq),
      epoch: BigInt(row.epoch),
      owner: row.free ? undefined : (row.owner ?? undefined),
      mine: row.owner === owner,
      free: row.free,
    }));
  };
  const instances = async (): Promise<number> => {
    const { rows } = await database.query<{ live: number }>(
      `select count(*)::int as live from ${identifier(home.schema, "_instance")} where seen_at > now() - make_interval(secs => $1)`,
      [leaseMs / 1_000],
    );
    return Math.max(1, rows[0]?.live ?? 1);
  };
  const step = async (ranges: readonly CheckpointRange[]): Promise<boolean> => {
    const next = balance(ranges, await instances());
    if (next.kind === "none") return false;
    if (next.kind === "claim") {
      const claimed = await database.query(
        `update ${sqlTable} set owner = $3, epoch = epoch + 1, lease_until = ${lease}
where subscription = $1 and publisher = $2 and part_lo = (
  select part_lo from ${sqlTable}
  where subscription = $1 and publisher = $2 and lease_until < now()
  -- A range that is being committed or claimed is not free.
  order by part_lo limit 1 for update skip locked
)`,
        [...key, owner],
      );
      return (claimed.rowCount ?? 0) > 0;
    }
    if (next.kind === "release") {
      await database.query(
        `update ${sqlTable} set owner = null, lease_until = '-infinity' where subscription = $1 and publisher = $2 and part_lo = $3 and owner = $4 and epoch = $5`,
        [...key, next.range.lo, owner, String(next.range.epoch)],
      );
      return true;
    }
    if (next.kind === "split") {
      // One statement, so that the parts are covered at every moment. The checkpoint is read where it is halved.
      await database.query(
        `with lower as (
  update ${sqlTable} set part_hi = $4
  where subscription = $1 and publisher = $2 and part_lo = $3 and part_hi = $5 and owner = $6 and epoch = $7
  returning seq, epoch
)
insert into ${sqlTable} (subscription, publisher, part_lo, part_hi, seq, epoch)
select $1, $2, $4::smallint + 1, $5, seq, epoch from lower`,
        [...key, next.range.lo, middleOf(next.range), next.range.hi, owner, String(next.range.epoch)],
      );
      return true;
    }
    await database.query(
      `with gone as (
  delete from ${sqlTable}
  where subscription = $1 and publisher = $2 and part_lo = $4 and owner = $5 and seq = $6
    and exists (select from ${sqlTable} where subscription = $1 and publisher = $2 and part_lo = $3 and owner = $5 and seq = $6)
  returning part_hi
)
update ${sqlTable} set part_hi = gone.part_hi, epoch = epoch + 1
from gone
where subscription = $1 and publisher = $2 and part_lo = $3`,
      [...key, next.left.lo, next.right.lo, owner, String(next.left.seq)],
    );
    return true;
  };
  return {
    create: async (start) => {
      await database.query(
        `insert into ${sqlTable} (subscription, publisher, part_lo, part_hi, seq) values ($1, $2, 0, 63, $3) on conflict do nothing`,
        [...key, String(start)],
      );
    },
    touch,
    renew: async () => {
      await touch();
      let ranges = await look();
      for (let steps = 0; steps < STEPS_MAX && (await step(ranges)); steps += 1) ranges = await look();
      return ranges.filter((range) => range.mine && !range.free).map(({ lo, hi, seq, epoch }) => ({ lo, hi, seq, epoch }));
    },
    release: async () => {
      await database.query(`update ${sqlTable} set owner = null, lease_until = '-infinity' where subscription = $1 and publisher = $2 and owner = $3`, [...key, owner]);
    },
    advance: (range, seq) => ({ text: advanceText, values: [...key, range.lo, range.hi, String(range.epoch), String(seq)] }),
    lowest: async () => {
      const { rows } = await database.query<{ seq: string | null }>(`select min(seq) as seq from ${sqlTable} where subscription = $1 and publisher = $2`, key);
      const seq = rows[0]?.seq;
      return seq === null || seq === undefined ? undefined : BigInt(seq);
    },
  };
}

/** An event that waits in the table of parked events. */
export interface ParkedEvent extends LoggedEvent {
  readonly part: number;
  readonly attempts: number;
}
