import { type Database, type DatabaseAddress, openDatabase } from "@polder/postgres";
import { strikeWorkers, testServer, until } from "@polder/postgres/testing";
import { provisionDepot } from "./depot.ts";

/** How a worker reaches the database. */
export interface FaultAddresses {
  readonly makers: DatabaseAddress;
  readonly goods: DatabaseAddress;
  readonly depot: DatabaseAddress;
  readonly admin: DatabaseAddress;
}

/** What is left after all faults. */
export interface FaultOutcome {
  /** Faults by where they struck. */
  readonly struck: Readonly<Record<string, number>>;
  /** Events that were published. */
  readonly events: number;
  /** Rows of the read model and of the replica that are not what the logs and the owner's table say. */
  readonly wrong: number;
  /** Builds that were made. */
  readonly builds: number;
  /** Schemas of builds that are no more. */
  readonly left: number;
  /** Times that a reader was shown less than before, or nothing. */
  readonly steppedBack: number;
  /** Times that somebody read. */
  readonly reads: number;
}

const points = [
  "deliver:before-commit",
  "deliver:after-commit",
  "build:made",
  "build:tables-made",
  "fill:begun",
  "fill:before-commit",
  "fill:after-commit",
  "fill:filled",
  "switch:before",
  "switch:after",
  "drop:before",
  "drop:after",
];

/**
 * Lets two processes keep a read model and a replica that are built anew all the while, kills one of them again and again,
 * and at last lets one settle. Meanwhile somebody reads.
 */
export async function runFaults(options: {
  readonly faults: number;
  readonly seed: number;
  /** The test's own: no process outlives it. */
  readonly signal: AbortSignal;
}): Promise<FaultOutcome> {
  const { faults, seed, signal } = options;
  await using server = await testServer({ own: "reading-faults" });
  await using database = await server.database();
  await provisionDepot(database);
  const { appAddress, admin } = database;
  await using reader = openDatabase({ ...appAddress("depot"), schema: "depot" });
  const addresses: FaultAddresses = {
    makers: appAddress("makers"),
    goods: appAddress("goods"),
    depot: appAddress("depot"),
    admin: database.address,
  };
  const reading = read(reader);
  const struck = await strikeWorkers({
    program: new URL("fault-worker.ts", import.meta.url),
    argument: addresses,
    points,
    visitsMax: (point) => (point.startsWith("deliver:") ? 15 : point.startsWith("fill:") ? 5 : 2),
    worksMax: 60,
    faults,
    seed,
    signal,
  });
  return { struck, ...(await reading.stop()), ...(await compare(admin)) };
}

/** Reads on and on: what has been counted never becomes less, whichever build serves. */
function read(reader: Database): { readonly stop: () => Promise<Pick<FaultOutcome, "steppedBack" | "reads">> } {
  let isReading = true;
  let [steppedBack, reads, before] = [0, 0, 0];
  // With rests between: the others need the processor as well.
  const reading = until(
    async () => {
      const { rows } = await reader.query<{ counted: number }>(
        "select coalesce(sum(made + sold), 0)::int as counted from tally",
      );
      const { counted } = rows[0] ?? { counted: 0 };
      if (counted < before) steppedBack += 1;
      before = counted;
      reads += 1;
      return !isReading;
    },
    "all faults are over",
    Number.POSITIVE_INFINITY,
  );
  return {
    stop: async () => {
      isReading = false;
      await reading;
      return { steppedBack, reads };
    },
  };
}

/** Holds the tables against the logs, and against what the owner has. */
async function compare(admin: Database): Promise<Pick<FaultOutcome, "events" | "wrong" | "builds" | "left">> {
  const { rows } = await admin.query<Pick<FaultOutcome, "events" | "wrong" | "builds" | "left">>(
    `with said as (
  select key as item, type from polder.log_goods
  union all
  select 'by ' || key, 'goods.Made' from polder.log_makers
), expected as (
  select item, count(*) filter (where type = 'goods.Made')::int as made, count(*) filter (where type = 'goods.Sold')::int as sold
  from said group by item
)
select (select count(*)::int from said) as events,
  (select count(*)::int from (table expected except select item, made, sold from depot.tally) missing)
  + (select count(*)::int from (select item, made, sold from depot.tally except table expected) strange)
  + (select count(*)::int from (table makers.maker except select maker, n from depot.maker_name) missing)
  + (select count(*)::int from (select maker, n from depot.maker_name except table makers.maker) strange) as wrong,
  (select max(build) from depot._build) as builds,
  (select count(*)::int from pg_namespace n where n.nspname like 'depot\\_\\_build\\_%'
    and not exists (select from depot._build b where n.nspname = 'depot__build_' || b.build)) as left`,
  );
  const [outcome] = rows;
  if (outcome === undefined) throw new Error("nothing was counted");
  return outcome;
}
