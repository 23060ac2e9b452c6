import { busDomainSteps, busNeedSteps, busSystemSteps, type LoggedEvent } from "@polder/bus";
import { createClient, createDispatcher, localTransport } from "@polder/http";
import {
  api,
  type Call,
  type CommandContext,
  type DeliveredEvent,
  type Domain,
  domain,
  event,
  handler,
  implement,
  need,
  query,
  type ReadModel,
  type Replica,
  readModel,
  replica,
  team,
} from "@polder/model";
import { type Database, homeOf, homeSteps, migrate, migrationOf, provision } from "@polder/postgres";
import type { TestDatabase } from "@polder/postgres/testing";
import { z } from "zod";
import { makeBuilds, readingDomainSteps } from "../src/index.ts";

// Three domains for tests: Makers has names, Goods says what was made and sold, and Depot counts what it hears of both.

const maker = z.string();
const item = z.string();

export const Makers = api("makers", {
  versions: {
    "1.0.0": {
      all: query("GET /makers", {
        input: z.object({ after: z.string().optional() }),
        output: z.object({ makers: z.array(z.object({ maker, n: z.int() })), next: z.string().nullable() }),
        pages: { after: "after", items: "makers", next: "next" },
      }),
    },
  },
});
export const Named = event("makers.Named", { key: "maker", versions: { "1.0.0": z.object({ maker, n: z.int() }) } });
export const Made = event("goods.Made", { key: "item", versions: { "1.0.0": z.object({ item }) } });
export const Sold = event("goods.Sold", { key: "item", versions: { "1.0.0": z.object({ item }) } });

const keepers = team("Keepers", { contact: "#keepers" });
const makers = domain("makers", { owner: keepers, capability: "Make", publishes: [Makers, Named] });
export const depot = domain("depot", {
  owner: keepers,
  capability: "Count",
  needs: [need(Makers, "1.0.0"), need(Named, "1.0.0"), need(Made, "1.0.0"), need(Sold, "1.0.0")],
});

/** Counts: what is handled twice, or not at all, shows. */
export const tally: ReadModel = readModel(depot, "tally", {
  version: 1,
  tables:
    "create table tally (item text primary key, made integer not null default 0, sold integer not null default 0)",
  batch: {
    "goods.Made": async ({ events, tx }) =>
      await count(
        tx,
        "made",
        events.map(({ data }) => data.item),
      ),
    "goods.Sold": async ({ events, tx }) =>
      await count(
        tx,
        "sold",
        events.map(({ data }) => data.item),
      ),
    "makers.Named": async ({ events, tx }) =>
      await count(
        tx,
        "made",
        events.map(({ data }) => `by ${data.maker}`),
      ),
  },
  options: { batchSizeMax: 40 },
});

async function count(tx: Pick<Database, "query">, column: "made" | "sold", items: readonly string[]): Promise<void> {
  await tx.query(
    `insert into tally (item, ${column})
select item, count(*)::int from unnest($1::text[]) as found (item) group by item order by item
on conflict (item) do update set ${column} = tally.${column} + excluded.${column}`,
    [items],
  );
}

export const makerNames: Replica = replica(depot, "maker-name", {
  key: { maker: "text" },
  columns: { n: "integer" },
  fill: { query: Makers.all, row: ({ maker: id, n }) => ({ maker: id, n }) },
  events: { "makers.Named": ({ maker: id, n }) => ({ maker: id, n }) },
  stalenessMaxMs: 60_000,
});

export const copies = [tally, makerNames];

/** Gives the three their homes, and Depot the tables of what it keeps. */
export async function provisionDepot({ admin, password }: TestDatabase): Promise<void> {
  const homes = ["makers", "goods", "depot"].map(homeOf);
  const scopes = [
    busSystemSteps(),
    ...homes.flatMap((home) => [homeSteps(home), busDomainSteps(home.domain), readingDomainSteps(home.domain)]),
    busNeedSteps(depot),
  ];
  await provision({ admin, homes, scopes, password });
  const table = migrationOf("0001-maker.sql", "create table maker (maker text primary key, n integer not null)");
  await migrate({ admin, home: homeOf("makers"), migrations: [table] });
  await makeBuilds({ admin, home: homeOf("depot"), copies });
}

/** An event as Depot gets it. */
export async function readEvents(events: readonly LoggedEvent[]): Promise<readonly DeliveredEvent[]> {
  return events.map(({ id, type: name, version, key, data, at, seq }) => {
    return { id, name, version, key, data: JSON.parse(data) as unknown, at, seq };
  });
}

/** Calls of Makers, answered in this process from its own tables. */
export function makersAnswered(database: Database): Call<Domain> {
  const all = handler(makers, Makers.all, async ({ input: { after = "" } }) => {
    const { rows } = await database.query<{ maker: string; n: number }>(
      "select maker, n from makers.maker where maker > $1 order by maker limit 3",
      [after],
    );
    return { makers: [...rows], next: rows.length < 3 ? null : (rows.at(-1)?.maker ?? null) };
  });
  const implementation = implement(makers, { apis: { makers: { all } } });
  const dispatcher = createDispatcher({
    served: [
      {
        implementation,
        execute: async (found, call) =>
          await call.conclude(await found.run({ input: call.input } as unknown as CommandContext)),
      },
    ],
  });
  const client = createClient(Makers, "1.0.0", { transport: localTransport(dispatcher) });
  return (() => client) as unknown as Call<Domain>;
}
