// What must not compile does not compile: each expected error is marked, and an unused mark is an error.
import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  api,
  domain,
  event,
  gone,
  handler,
  implement,
  need,
  query,
  type ReadModel,
  type Replica,
  readModel,
  replica,
  team,
} from "./index.ts";

const Sold = event("sales.Sold", {
  key: "sale",
  versions: {
    "1.0.0": z.object({ sale: z.string(), price: z.int(), note: z.string().default("") }),
    // The newest has another shape; what is needed is the one before.
    "2.0.0": z.object({ sale: z.string(), cents: z.int() }),
  },
  converters: {
    "2.0.0": {
      up: ({ sale, price }) => ({ sale, cents: price * 100 }),
      down: ({ sale, cents }) => ({ sale, price: cents / 100 }),
    },
  },
});
const Cancelled = event("sales.Cancelled", { key: "sale", versions: { "1.0.0": z.object({ sale: z.string() }) } });
const Renamed = event("studio.Renamed", {
  key: "artist",
  versions: { "1.0.0": z.object({ artist: z.string(), name: z.string(), born: z.int().nullable() }) },
});
const Studio = api("studio", {
  versions: {
    "1.0.0": {
      artists: query("GET /artists", {
        input: z.object({ after: z.string().optional(), genre: z.string() }),
        output: z.object({
          artists: z.array(z.object({ artist: z.string(), name: z.string(), born: z.int().nullable() })),
          next: z.string().nullable(),
        }),
        pages: { after: "after", items: "artists", next: "next" },
      }),
      count: query("GET /count", { output: z.object({ count: z.int() }) }),
    },
  },
});
const Unneeded = api("catalog", {
  versions: {
    "1.0.0": {
      list: query("GET /works", {
        input: z.object({ after: z.string().optional() }),
        output: z.object({ works: z.array(z.object({ artist: z.string() })), next: z.string().nullable() }),
        pages: { after: "after", items: "works", next: "next" },
      }),
    },
  },
});
const Gallery = api("gallery", { versions: { "1.0.0": { book: query("GET /book") } } });
const owner = team("Keepers", { contact: "#keepers" });
const gallery = domain("gallery", {
  owner,
  capability: "Show what is sold",
  publishes: [Gallery],
  needs: [need(Sold, "1.0.0"), need(Renamed, "1.0.0"), need(Studio, "1.0.0")],
});
const shape = { version: 1, tables: "create table book (sale text)" };

test("a read model's handler of one event has it at the version that is needed, and reads and writes its tables", () => {
  const book = readModel(gallery, "book", {
    ...shape,
    each: {
      "sales.Sold": async ({ event: sold, tx }) => {
        expectTypeOf(sold.data).toEqualTypeOf<{ sale: string; price: number; note: string }>();
        expectTypeOf(sold.name).toEqualTypeOf<"sales.Sold">();
        await tx.sql`insert into book (sale) values (${sold.data.sale})`;
        // @ts-expect-error a read model publishes nothing
        tx.publish(Sold, { sale: "1", cents: 1 });
        // @ts-expect-error the field is one of the newest version
        sold.data.cents;
      },
      "studio.Renamed": async (context) => {
        expectTypeOf(context.event.data.born).toEqualTypeOf<number | null>();
        // @ts-expect-error a read model calls nobody
        context.call(Studio);
        // @ts-expect-error it has one event
        context.events;
      },
    },
  });
  expectTypeOf(book).toEqualTypeOf<ReadModel<"book">>();
});

test("a read model's handler of many events has those of its name", () => {
  readModel(gallery, "book", {
    ...shape,
    batch: {
      "sales.Sold": async ({ events, tx }) => {
        expectTypeOf(events.map(({ data }) => data.price)).toEqualTypeOf<number[]>();
        await tx.query("insert into book (sale) select unnest($1::text[])", [events.map(({ key }) => key)]);
      },
      "studio.Renamed": async (context) => {
        // @ts-expect-error it has many events
        context.event;
      },
    },
  });
});

test("a read model is built from events that its domain needs, in one of the two ways", () => {
  // @ts-expect-error the domain does not need this event
  readModel(gallery, "book", { ...shape, each: { "sales.Cancelled": async () => undefined } });
  // @ts-expect-error the domain does not need this event
  readModel(gallery, "book", { ...shape, batch: { "sales.Cancelled": async () => undefined } });
  // @ts-expect-error it takes handlers
  readModel(gallery, "book", shape);
  // @ts-expect-error it takes one of the two
  readModel(gallery, "book", { ...shape, each: {}, batch: {} });
  // @ts-expect-error it begins with all that the logs still keep
  readModel(gallery, "book", { ...shape, each: {}, options: { from: "now" } });
  // @ts-expect-error what was before is a read model
  readModel(gallery, "book", { ...shape, each: {}, former: { version: 1 } });
  expectTypeOf(Cancelled.name).toEqualTypeOf<"sales.Cancelled">();
});

const key = { artist: "text" } as const;
const columns = { name: "text", born: "integer null" } as const;
const stalenessMaxMs = 1_000;
const fill = { query: Studio.artists, input: { genre: "oil" } } as const;

test("a replica's rows are made of the items of a page, and of what events say", () => {
  const names = replica(gallery, "artist-name", {
    key,
    columns,
    fill: {
      ...fill,
      row: (item) => {
        expectTypeOf(item).toEqualTypeOf<{ artist: string; name: string; born: number | null }>();
        return item.born === null ? undefined : item;
      },
    },
    events: {
      "studio.Renamed": (data) => {
        expectTypeOf(data).toEqualTypeOf<{ artist: string; name: string; born: number | null }>();
        return data.name === "" ? gone({ artist: data.artist }) : { artist: data.artist, name: data.name };
      },
    },
    indexes: [["name"], ["born", "artist"]],
    stalenessMaxMs,
  });
  expectTypeOf(names).toEqualTypeOf<Replica<"artist-name">>();
});

test("a replica keeps what its columns can hold", () => {
  const events = {};
  const whole = { artist: "a", name: "A", born: null };
  replica(gallery, "artist-name", { key, columns, events, stalenessMaxMs, fill: { ...fill, row: () => whole } });
  replica(gallery, "artist-name", {
    key,
    columns,
    events,
    stalenessMaxMs,
    // @ts-expect-error a row has all columns
    fill: { ...fill, row: ({ artist, name }) => ({ artist, name }) },
  });
  replica(gallery, "artist-name", {
    key,
    columns: { name: "text", born: "integer" },
    events,
    stalenessMaxMs,
    // @ts-expect-error the column cannot be null
    fill: { ...fill, row: (item) => item },
  });
  replica(gallery, "artist-name", {
    key,
    // @ts-expect-error there is no such type
    columns: { name: "varchar" },
    events,
    stalenessMaxMs,
    fill: { ...fill, row: () => whole },
  });
  replica(gallery, "artist-name", {
    key,
    columns,
    // @ts-expect-error an event says the key of the row
    events: { "studio.Renamed": ({ name }) => ({ name }) },
    stalenessMaxMs,
    fill: { ...fill, row: () => whole },
  });
  replica(gallery, "artist-name", {
    key,
    columns,
    // @ts-expect-error what is gone is known by its key
    events: { "studio.Renamed": ({ name }) => gone({ name }) },
    stalenessMaxMs,
    fill: { ...fill, row: () => whole },
  });
  replica(gallery, "artist-name", {
    key,
    columns,
    // @ts-expect-error the domain does not need this event
    events: { "studio.Retired": () => undefined },
    stalenessMaxMs,
    fill: { ...fill, row: () => whole },
  });
  replica(gallery, "artist-name", {
    key,
    columns,
    events,
    stalenessMaxMs,
    fill: { ...fill, row: () => whole },
    // @ts-expect-error there is no such column
    indexes: [["genre"]],
  });
  // @ts-expect-error how far it may be behind is said
  replica(gallery, "artist-name", { key, columns, events, fill: { ...fill, row: () => whole } });
});

test("a replica is filled by a query of an API that its domain needs, with its input but for the page", () => {
  const rest = { key, columns: {}, events: {}, stalenessMaxMs };
  const row = () => ({ artist: "a" });
  replica(gallery, "artist-name", { ...rest, fill: { query: Studio.artists, input: { genre: "oil" }, row } });
  // @ts-expect-error the domain does not need this API
  replica(gallery, "artist-name", { ...rest, fill: { query: Unneeded.list, row } });
  replica(gallery, "artist-name", {
    ...rest,
    // @ts-expect-error the page is asked for by itself
    fill: { query: Studio.artists, input: { genre: "oil", after: "a" }, row },
  });
  // @ts-expect-error what the contract asks for must be said
  replica(gallery, "artist-name", { ...rest, fill: { query: Studio.artists, row } });
  // @ts-expect-error the input is what the contract says
  replica(gallery, "artist-name", { ...rest, fill: { query: Studio.artists, input: { genre: 7 }, row } });
  // @ts-expect-error a query without pages has no items
  replica(gallery, "artist-name", { ...rest, fill: { query: Studio.count, row: (item) => ({ artist: item.artist }) } });
});

test("a handler says which of them it reads, and a strong use is said in the need", () => {
  const book = readModel(gallery, "book", { ...shape, each: { "sales.Sold": async () => undefined } });
  const shown = handler(gallery, Gallery.book, async () => undefined, { reads: [book] });
  // @ts-expect-error it reads read models and replicas
  handler(gallery, Gallery.book, async () => undefined, { reads: ["book"] });
  implement(gallery, { apis: { gallery: { book: shown } }, readModels: [book] });
  // @ts-expect-error a read model is no replica
  implement(gallery, { apis: { gallery: { book: shown } }, replicas: [book] });
  need(Studio, "1.0.0", { consistency: "strong" });
  // @ts-expect-error there is no other
  need(Studio, "1.0.0", { consistency: "weak" });
});
