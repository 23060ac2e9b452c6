import type { DatabaseAddress } from "@polder/postgres";
import { strikeWorkers, type TestDatabase, testServer } from "@polder/postgres/testing";
import { travelHome } from "./travel.ts";

/** How a worker reaches the database. */
export interface FaultAddresses {
  readonly app: DatabaseAddress;
  readonly admin: DatabaseAddress;
}

/** What is left after all faults, as the tables tell it. */
export interface FaultOutcome {
  /** Faults by where they struck. */
  readonly struck: Readonly<Record<string, number>>;
  readonly done: number;
  readonly undone: number;
  /** Sagas that stand still, or have not ended. */
  readonly left: number;
  /** Bookings of trips that were taken back, or that are not what a done trip has. */
  readonly leaked: number;
  readonly missing: number;
  /** Steps whose effect came twice. */
  readonly doubled: number;
}

const points = [
  "saga:step-begun",
  "saga:step-answered",
  "saga:step-kept",
  "saga:turned",
  "saga:undo-answered",
  "saga:let-go",
];

/** Lets two processes work on trips, kills one of them again and again, and at last lets one settle. */
export async function runFaults(options: {
  readonly faults: number;
  readonly seed: number;
  /** The test's own: no process outlives it. */
  readonly signal: AbortSignal;
}): Promise<FaultOutcome> {
  const { faults, seed, signal } = options;
  await using server = await testServer({ own: "saga-faults" });
  await using database = await server.database();
  await travelHome.fill(database);
  const addresses: FaultAddresses = { app: database.appAddress("travel"), admin: database.address };
  const struck = await strikeWorkers({
    program: new URL("fault-worker.ts", import.meta.url),
    argument: addresses,
    points,
    visitsMax: () => 10,
    worksMax: 20,
    faults,
    seed,
    signal,
  });
  return { struck, ...(await compare(database)) };
}

/** Holds the world against the sagas: a trip that is done has all that it needs, one that is taken back has nothing. */
async function compare(database: TestDatabase): Promise<Omit<FaultOutcome, "struck">> {
  const { rows } = await database.admin.query<Omit<FaultOutcome, "struck">>(
    `with trip as (
  select s.key, s.state, stuck, ended_at, (input ->> 'stops')::int as stops, t.state as noted
  from travel._saga s left join travel.trip t on t.trip = s.key
), booked as (
  select trip, count(*) filter (where not cancelled) as held from world.booking group by trip
)
select count(*) filter (where state = 'done')::int as done,
  count(*) filter (where state = 'undone')::int as undone,
  count(*) filter (where ended_at is null or stuck is not null)::int as left,
  count(*) filter (where (state = 'undone' and (coalesce(held, 0) > 0 or noted = 'booked')) or held > stops + 1)::int as leaked,
  count(*) filter (where state = 'done' and (coalesce(held, 0) < stops + 1 or noted is distinct from 'booked'))::int as missing,
  (select count(*)::int from (select from world.booking group by trip, what having count(*) > 1) as twice) as doubled
from trip left join booked on booked.trip = trip.key`,
  );
  const [outcome] = rows;
  if (outcome === undefined) throw new Error("nothing was counted");
  return outcome;
}
