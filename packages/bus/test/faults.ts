import type { DatabaseAddress } from "@polder/postgres";
import { strikeWorkers, type TestDatabase, testServer } from "@polder/postgres/testing";
import { provisionWholesale } from "./wholesale.ts";

/** How a worker reaches the databases, which may be one. */
export interface FaultAddresses {
  readonly sales: DatabaseAddress;
  readonly ledger: DatabaseAddress;
  /** Ledger's way to the log of Sales. */
  readonly reader: DatabaseAddress;
  readonly salesAdmin: DatabaseAddress;
  readonly ledgerAdmin: DatabaseAddress;
}

/** What is left after all faults, as the tables tell it. */
export interface FaultOutcome {
  /** Faults by where they struck. */
  readonly struck: Readonly<Record<string, number>>;
  /** Sales that committed. */
  readonly sold: number;
  readonly lost: number;
  readonly doubled: number;
  readonly misordered: number;
}

/** Where a process is killed: around every commit and acknowledgement. */
const points = [
  "publish:before-commit",
  "publish:after-commit",
  "relay:before-step",
  "relay:after-step",
  "read:before",
  "read:after",
  "deliver:before-commit",
  "deliver:after-commit",
  "report:before",
  "report:after",
];

/** How much to do, and with which luck. */
export interface FaultOptions {
  readonly faults: number;
  readonly seed: number;
  /** Publisher and consumer in a server each. Default false. */
  readonly apart?: boolean;
  /** The test's own: no process outlives it. */
  readonly signal: AbortSignal;
}

/** Lets two processes publish and deliver, kills one of them again and again, and at last lets one settle. */
export async function runFaults({ faults, seed, apart = false, signal }: FaultOptions): Promise<FaultOutcome> {
  await using opened = new AsyncDisposableStack();
  const open = async (): Promise<TestDatabase> => {
    const server = opened.use(await testServer({ own: "faults" }));
    return opened.use(await server.database());
  };
  const database = await open();
  const ofLedger = apart ? await open() : database;
  await provisionWholesale(database, ofLedger);
  const addresses: FaultAddresses = {
    sales: database.appAddress("sales"),
    ledger: ofLedger.appAddress("ledger"),
    reader: database.appAddress("ledger"),
    salesAdmin: database.address,
    ledgerAdmin: ofLedger.address,
  };
  const struck = await strikeWorkers({
    program: new URL("fault-worker.ts", import.meta.url),
    argument: addresses,
    points,
    visitsMax: (point) => (point.startsWith("report") ? 1 : 15),
    worksMax: 40,
    faults,
    seed,
    signal,
  });
  return { struck, ...(await compare(database, ofLedger)) };
}

/** Holds Ledger's tables against those of Sales: what committed there is written down here, once, in order. */
async function compare(database: TestDatabase, ofLedger: TestDatabase): Promise<Omit<FaultOutcome, "struck">> {
  const { rows: articles } = await database.admin.query("select article, n from sales.article");
  const { rows } = await ofLedger.admin.query<Omit<FaultOutcome, "struck">>(
    `with sold as (
  select article, n from jsonb_to_recordset($1::jsonb) as sold (article text, n integer)
), expected as (
  select worker, article, generate_series(1, n) as n from sold, unnest(array['each', 'batch']) as worker
), written as (
  select worker, article, n, count(*) as times, min(id) as id from ledger.entry group by worker, article, n
), ordered as (
  select n, lag(n) over (partition by worker, article order by id) as previous from ledger.entry
)
select
  (select coalesce(sum(n), 0)::int from sold) as sold,
  (select count(*)::int from expected e left join written w using (worker, article, n) where w.id is null) as lost,
  (select count(*)::int from written w left join expected e using (worker, article, n) where w.times > 1 or e.n is null) as doubled,
  (select count(*)::int from ordered where previous >= n) as misordered`,
    [JSON.stringify(articles)],
  );
  const [row] = rows;
  if (row === undefined) throw new Error("the comparison gave nothing");
  return row;
}
