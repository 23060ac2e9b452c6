import {
  api,
  command,
  domain,
  event,
  gone,
  handler,
  type Implementation,
  implement,
  need,
  query,
  type ReadModel,
  type Replica,
  readModel,
  replica,
  team,
} from "@polder/model";
import { z } from "zod";

// Four domains for tests: Studio knows artists, Sales sells their works, Till takes the money, and Gallery reads what the
// three of them say: a book of sales from the events of two, and the names of the artists.

const name = z.string();
const artist = z.string();
const sale = z.string();
const price = z.int();

export const Studio = api("studio", {
  versions: {
    "1.0.0": {
      register: command("PUT /artists/:artist", { input: z.object({ artist, name, born: z.int().optional() }) }),
      retire: command("DELETE /artists/:artist", { input: z.object({ artist }) }),
      artists: query("GET /artists", {
        input: z.object({ after: z.string().optional(), size: z.int().min(1).max(1_000).default(2) }),
        output: z.object({
          artists: z.array(z.object({ artist, name, born: z.int().nullable() })),
          next: z.string().nullable(),
        }),
        pages: { after: "after", items: "artists", next: "next" },
      }),
    },
  },
});
export const Registered = event("studio.Registered", {
  key: "artist",
  versions: { "1.0.0": z.object({ artist, name, born: z.int().nullable() }) },
});
export const Renamed = event("studio.Renamed", { key: "artist", versions: { "1.0.0": z.object({ artist, name }) } });
export const Retired = event("studio.Retired", { key: "artist", versions: { "1.0.0": z.object({ artist }) } });

export const Sales = api("sales", {
  versions: {
    "1.0.0": {
      sell: command("POST /sales", { input: z.object({ sale, artist, price }) }),
      cancel: command("DELETE /sales/:sale", { input: z.object({ sale }) }),
    },
  },
});
export const Sold = event("sales.Sold", { key: "sale", versions: { "1.0.0": z.object({ sale, artist, price }) } });
export const Cancelled = event("sales.Cancelled", { key: "sale", versions: { "1.0.0": z.object({ sale }) } });

export const Till = api("till", {
  versions: { "1.0.0": { pay: command("POST /payments", { input: z.object({ sale }) }) } },
});
export const Paid = event("till.Paid", { key: "sale", versions: { "1.0.0": z.object({ sale }) } });

const entry = z.object({ sale, artist: artist.nullable(), price: price.nullable(), state: z.string() });
export const Gallery = api("gallery", {
  versions: {
    "1.0.0": {
      book: query("GET /book", { output: z.object({ sales: z.array(entry) }) }),
      names: query("GET /names", { output: z.object({ names: z.array(z.object({ artist, name })) }) }),
    },
  },
});

const keepers = team("Keepers", { contact: "#keepers" });
export const studio = domain("studio", {
  owner: keepers,
  capability: "Know artists",
  publishes: [Studio, Registered, Renamed, Retired],
});
const sales = domain("sales", { owner: keepers, capability: "Sell works", publishes: [Sales, Sold, Cancelled] });
const till = domain("till", { owner: keepers, capability: "Take money", publishes: [Till, Paid] });
export const gallery = domain("gallery", {
  owner: keepers,
  capability: "Show what is sold",
  publishes: [Gallery],
  needs: [
    need(Studio, "1.0.0"),
    need(Registered, "1.0.0"),
    need(Renamed, "1.0.0"),
    need(Retired, "1.0.0"),
    need(Sold, "1.0.0"),
    need(Cancelled, "1.0.0"),
    need(Paid, "1.0.0"),
  ],
});

/** SQL of the domains' own tables. */
export const tables: Readonly<Record<string, string>> = {
  studio: "create table artist (artist text primary key, name text not null, born integer)",
  sales: "create table sale (sale text primary key)",
  till: "create table payment (sale text primary key)",
  gallery: "create table nothing (nothing text)",
};

export const studioDomain = implement(studio, {
  apis: {
    studio: {
      register: handler(studio, Studio.register, async ({ input: { artist: id, name: called, born = null }, tx }) => {
        const [before] = await tx.sql`select from artist where artist = ${id} for update`;
        await tx.sql`
          insert into artist (artist, name, born)
          values (${id}, ${called}, ${born})
          on conflict (artist) do update
          set name = excluded.name
        `;
        if (before === undefined) tx.publish(Registered, { artist: id, name: called, born });
        else tx.publish(Renamed, { artist: id, name: called });
      }),
      retire: handler(studio, Studio.retire, async ({ input, tx }) => {
        await tx.sql`delete from artist where artist = ${input.artist}`;
        tx.publish(Retired, input);
      }),
      artists: handler(studio, Studio.artists, async ({ input: { after = "", size }, tx }) => {
        const artists = await tx.sql<{ artist: string; name: string; born: number | null }>`
          select artist, name, born
          from artist
          where artist > ${after}
          order by artist
          limit ${size}
        `;
        return { artists: [...artists], next: artists.length < size ? null : (artists.at(-1)?.artist ?? null) };
      }),
    },
  },
});

export const salesDomain = implement(sales, {
  apis: {
    sales: {
      sell: handler(sales, Sales.sell, async ({ input, tx }) => {
        await tx.sql`insert into sale (sale) values (${input.sale}) on conflict do nothing`;
        tx.publish(Sold, input);
      }),
      cancel: handler(sales, Sales.cancel, async ({ input, tx }) => {
        await tx.sql`delete from sale where sale = ${input.sale}`;
        tx.publish(Cancelled, input);
      }),
    },
  },
});

export const tillDomain = implement(till, {
  apis: {
    till: {
      pay: handler(till, Till.pay, async ({ input, tx }) => {
        await tx.sql`insert into payment (sale) values (${input.sale}) on conflict do nothing`;
        tx.publish(Paid, input);
      }),
    },
  },
});

/** The tables of the book; whatever comes first makes the row. */
export const bookTables = `create table book (
  sale text primary key,
  artist text,
  price integer,
  paid boolean not null default false,
  cancelled boolean not null default false
)`;

/** A book of sales, written event by event. */
export const book: ReadModel = readModel(gallery, "book", {
  version: 1,
  tables: bookTables,
  each: {
    "sales.Sold": async ({ event: { data }, tx }) => {
      await tx.sql`
        insert into book (sale, artist, price)
        values (${data.sale}, ${data.artist}, ${data.price})
        on conflict (sale) do update
        set artist = excluded.artist, price = excluded.price
      `;
    },
    "sales.Cancelled": async ({ event: { data }, tx }) => {
      await tx.sql`
        insert into book (sale, cancelled)
        values (${data.sale}, true)
        on conflict (sale) do update
        set cancelled = true
      `;
    },
    "till.Paid": async ({ event: { data }, tx }) => {
      await tx.sql`
        insert into book (sale, paid)
        values (${data.sale}, true)
        on conflict (sale) do update
        set paid = true
      `;
    },
  },
});

/** The names of the artists. */
export const names: Replica = replica(gallery, "artist-name", {
  key: { artist: "text" },
  columns: { name: "text" },
  fill: { query: Studio.artists, row: ({ artist: id, name: called }) => ({ artist: id, name: called }) },
  events: {
    "studio.Registered": ({ artist: id, name: called }) => ({ artist: id, name: called }),
    "studio.Renamed": ({ artist: id, name: called }) => ({ artist: id, name: called }),
    "studio.Retired": ({ artist: id }) => gone({ artist: id }),
  },
  stalenessMaxMs: 60_000,
});

/** Gallery, with these read models and replicas. */
export function galleryWith({
  readModels = [book],
  replicas = [names],
}: {
  readonly readModels?: readonly ReadModel[];
  readonly replicas?: readonly Replica[];
} = {}): Implementation {
  return implement(gallery, {
    apis: {
      gallery: {
        book: handler(gallery, Gallery.book, async ({ tx }) => {
          const rows = await tx.sql<z.output<typeof entry>>`
            select
              sale, artist, price, case when cancelled then 'cancelled' when paid then 'paid' else 'sold' end as state
            from book
            order by sale
          `;
          return { sales: [...rows] };
        }),
        names: handler(gallery, Gallery.names, async ({ tx }) => {
          const rows = await tx.sql<{ artist: string; name: string }>`
            select artist, name from artist_name order by artist
          `;
          return { names: [...rows] };
        }),
      },
    },
    readModels,
    replicas,
  });
}
