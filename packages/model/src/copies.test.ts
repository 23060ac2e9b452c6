import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  api,
  domain,
  event,
  handler,
  type Implementation,
  implement,
  isPolderError,
  need,
  type Problem,
  query,
  readModel,
  replica,
  team,
} from "./index.ts";

/** The mistakes that a declaration is refused for, each as "place: problem". */
function mistakesOf(declare: () => unknown): readonly string[] {
  try {
    declare();
  } catch (error) {
    if (!isPolderError(error, "DECLARATION_INVALID")) throw error;
    const { problems } = error.details as { readonly problems: readonly Problem[] };
    return problems.map(({ place, problem }) => `${place}: ${problem}`);
  }
  return [];
}

// What a program says that no compiler has looked at: Node runs TypeScript without checking it.
// biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
const wrong = (value: unknown): any => value;

const owner = team("Keepers", { contact: "#keepers" });
const artist = z.object({ artist: z.string(), name: z.string() });
const Renamed = event("studio.Renamed", { key: "artist", versions: { "1.0.0": artist } });
const Sold = event("sales.Sold", { key: "sale", versions: { "1.0.0": z.object({ sale: z.string() }) } });
const Paid = event("till.Paid", { key: "sale", versions: { "1.0.0": z.object({ sale: z.string() }) } });
const Studio = api("studio", {
  versions: {
    "1.0.0": {
      artists: query("GET /artists", {
        input: z.object({ after: z.string().optional() }),
        output: z.object({ artists: z.array(artist), next: z.string().nullable() }),
        pages: { after: "after", items: "artists", next: "next" },
      }),
      count: query("GET /count", { output: z.object({ count: z.int() }) }),
    },
  },
});
const Till = api("till", {
  versions: { "1.0.0": { total: query("GET /total", { output: z.object({ n: z.int() }) }) } },
});
const Gallery = api("gallery", { versions: { "1.0.0": { book: query("GET /book") } } });
const galleryWith = (...needs: readonly ReturnType<typeof need>[]) =>
  domain("gallery", {
    owner,
    capability: "Show what is sold",
    publishes: [Gallery],
    needs: [need(Renamed, "1.0.0"), need(Sold, "1.0.0"), need(Studio, "1.0.0"), ...needs],
  });
const gallery = galleryWith();
const other = domain("archive", { owner, capability: "Keep", needs: [need(Sold, "1.0.0")] });

const tables = "create table book (sale text)";
const each = { "sales.Sold": async () => undefined };
const fill = { query: Studio.artists, row: (item: { artist: string; name: string }) => item };
const events = { "studio.Renamed": (data: { artist: string; name: string }) => data };
const shape = { key: { artist: "text" }, columns: { name: "text" }, fill, events, stalenessMaxMs: 1_000 } as const;
const named =
  'is no name of a read model or replica: lower-case words joined by hyphens, at most 40 characters, such as "order-history"';

describe("a read model", () => {
  test("is refused with all its mistakes and their places", () => {
    expect(
      mistakesOf(() =>
        readModel(gallery, "Book_1", wrong({ version: 0, tables: "drop table book", each: {}, stalenessMaxMs: 0.5 })),
      ),
    ).toEqual([
      `name: "Book_1" ${named}`,
      "version: must be a whole number from 1; raise it whenever tables or handlers change",
      "stalenessMaxMs: must be a whole number of milliseconds above 0",
      'tables: makes no table; write SQL such as "create table order_history (…)"',
      "each: handles no event",
    ]);
    expect(mistakesOf(() => readModel(wrong(undefined), "book", wrong(undefined))).length).toBeGreaterThan(2);
  });

  test("takes handlers for one event, or for many at once", () => {
    const problem = "each: and batch: take one of the two, for one event or for many at a time";
    expect(mistakesOf(() => readModel(gallery, "book", wrong({ version: 1, tables })))).toEqual([problem]);
    expect(mistakesOf(() => readModel(gallery, "book", wrong({ version: 1, tables, each, batch: each })))).toEqual([
      problem,
    ]);
  });

  test("follows an earlier version of its own", () => {
    const before = readModel(gallery, "book", { version: 2, tables, each });
    const problem = 'former: is no earlier version of "book"';
    const following = (version: number, former: unknown) =>
      mistakesOf(() => readModel(gallery, "book", { version, tables, each, former: wrong(former) }));
    expect(following(3, before)).toEqual([]);
    expect(following(2, before)).toEqual([problem]);
    expect(following(3, readModel(gallery, "books", { version: 1, tables, each }))).toEqual([problem]);
    expect(following(3, readModel(other, "book", { version: 1, tables, each }))).toEqual([problem]);
  });
});

describe("a replica", () => {
  const mistakes = (changed: object): readonly string[] =>
    mistakesOf(() => replica(gallery, "artist-name", wrong({ ...shape, ...changed })));

  test("that is right is taken", () => {
    expect(mistakes({})).toEqual([]);
    expect(replica(gallery, "artist-name", shape)).toMatchObject({ version: 1, events: ["studio.Renamed"] });
  });

  test.each<readonly [string, object, readonly string[]]>([
    [
      "without a bound",
      { stalenessMaxMs: undefined },
      ["stalenessMaxMs: is missing: say how old what is read here may be, in milliseconds"],
    ],
    [
      "with a strange bound",
      { stalenessMaxMs: -1 },
      ["stalenessMaxMs: must be a whole number of milliseconds above 0"],
    ],
    ["without a key", { key: {} }, ["key: is missing: by which column is a row known?"]],
    [
      "whose key may be null",
      { key: { artist: "text null" } },
      ["key.artist: is part of the key, so it cannot be null"],
    ],
    ["without events", { events: {} }, ["events: is empty: by which events is it kept?"]],
    [
      "with columns that PostgreSQL would not take",
      { columns: { "first name": "text", gone: "text", born: "year" } },
      [
        "columns.first name: is no column's name: lower-case letters, digits and underscores, and not gone",
        "columns.gone: is no column's name: lower-case letters, digits and underscores, and not gone",
        'columns.born: "year" is no type; there are bigint, boolean, date, integer, jsonb, numeric, text, timestamptz, uuid',
      ],
    ],
    ["with a column twice", { columns: { artist: "text" } }, ["columns.artist: is in the key already"]],
    ["with an index of nothing", { indexes: [["name"], ["genre"]] }, ['indexes[1]: "genre" is no column']],
    [
      "of a query without pages",
      { fill: { ...fill, query: Studio.count } },
      ['fill.query: "studio.count" does not answer page by page; its owner may say how with "pages"'],
    ],
    [
      "of what is not needed",
      { fill: { ...fill, query: Till.total } },
      ['fill.query: asks "till", which "gallery" does not need, or has no such query'],
    ],
    ["without rows", { fill: { query: Studio.artists } }, ["fill.row: is no function"]],
    [
      "kept by another's events",
      { events: { ...events, "sales.Sold": () => undefined } },
      [
        'events: "sales.Sold" is not of "studio", whose data this is; what is built from several domains is a read model',
      ],
    ],
  ])("%s is refused", (_, changed, expected) => {
    expect(mistakes(changed)).toEqual(expected);
  });

  test("is refused with all its mistakes at once", () => {
    expect(mistakes({ key: {}, columns: { Name: "text" }, events: {}, stalenessMaxMs: 0 })).toHaveLength(4);
    expect(mistakesOf(() => replica(wrong(undefined), "a", wrong(undefined))).length).toBeGreaterThan(0);
  });
});

describe("an implementation", () => {
  const book = readModel(gallery, "book", { version: 1, tables, each });
  const names = replica(gallery, "artist-name", shape);
  const shown = (of: typeof gallery) => ({ gallery: { book: handler(of, Gallery.book, async () => undefined) } });
  const mistakes = (given: Partial<Implementation>, of = gallery): readonly string[] =>
    mistakesOf(() => implement(of, { apis: shown(of), ...wrong(given) }));

  test("has read models and replicas of its own, each by its name and in its list", () => {
    expect(mistakes({ readModels: [book], replicas: [names] })).toEqual([]);
    const foreign = readModel(other, "book-of-others", { version: 1, tables, each });
    expect(mistakes({ readModels: [foreign, wrong(names)], replicas: [wrong(book)] })).toEqual([
      'readModels[0]: belongs to "archive"',
      "readModels[1]: is no read model; write readModel(domain, name, …)",
      "replicas[0]: is no replica; write replica(domain, name, …)",
    ]);
    const twin = replica(gallery, "book", shape);
    expect(mistakes({ readModels: [book], replicas: [twin] })).toEqual([
      'readModels: "book" is the name of two read models or replicas',
    ]);
    expect(mistakes({ readModels: wrong("book"), replicas: wrong(names) })).toEqual([
      "readModels: is no list; write readModels: […]",
      "replicas: is no list; write replicas: […]",
    ]);
    expect(mistakes({ readModels: wrong([undefined, undefined]) })).toHaveLength(2);
  });

  test("keeps them by events that its domain needs, with options that can be", () => {
    const paid = readModel(
      gallery,
      "paid",
      wrong({ version: 1, tables, each: { "till.Paid": async () => undefined } }),
    );
    expect(mistakes({ readModels: [paid] })).toEqual([
      'readModels[0]: "paid" is kept by "till.Paid", which the domain does not need; add need(…) to its declaration',
    ]);
    expect(mistakes({ replicas: [{ ...names, options: { batchSizeMax: 0 } }] })).toEqual([
      "replicas[0].options.batchSizeMax: must be a whole number above 0",
    ]);
  });

  test("reads in a handler what it has", () => {
    const reading = handler(gallery, Gallery.book, async () => undefined, { reads: [book] });
    expect(mistakes({ apis: { gallery: { book: reading } }, readModels: [book] })).toEqual([]);
    expect(mistakes({ apis: { gallery: { book: reading } } })).toHaveLength(1);
    const foreign = readModel(other, "book", { version: 1, tables, each });
    expect(mistakesOf(() => handler(gallery, Gallery.book, async () => undefined, { reads: [foreign] }))).toEqual([
      'reads[0]: is no read model or replica of "gallery"',
    ]);
  });

  test("that needs a strong answer keeps nothing of its owner that may be behind", () => {
    const strong = galleryWith(need(Till, "1.0.0", { consistency: "strong" }), need(Paid, "1.0.0"));
    const behind = (place: string, name: string, kind: string) =>
      `${place}: "${name}" is a ${kind} of "till" and may be behind, but "gallery" needs "till" with strong consistency; ask the owner with a call or a composition, or take consistency: "strong" back`;
    const paid = readModel(strong, "paid", {
      version: 1,
      tables,
      each: { ...each, "till.Paid": async () => undefined },
    });
    // What is built of others alone may stay.
    expect(mistakes({ readModels: [book, paid], replicas: [names] }, strong)).toEqual([
      behind("readModels[1]", "paid", "read model"),
    ]);
    expect(mistakes({ replicas: [{ ...names, name: "total", events: ["till.Paid"] }] }, strong)).toEqual([
      behind("replicas[0]", "total", "replica"),
    ]);
  });
});

test("a strong need is one of an API, and nothing stands in for its answers", () => {
  const needing = (one: unknown) => mistakesOf(() => galleryWith(wrong(one)));
  expect(needing({ ...need(Till, "1.0.0"), consistency: "weak" })).toEqual([
    'needs[3].consistency: must be "strong", or be left out',
  ]);
  expect(needing(need(Till, "1.0.0", { consistency: "strong", fallbacks: { total: () => ({ n: 0 }) } }))).toEqual([
    "needs[3].fallbacks: stand in for an answer that was asked for to be strong",
  ]);
  expect(needing({ ...need(Paid, "1.0.0"), consistency: "strong" })).toEqual([
    'needs[3].consistency: is for APIs; the event "till.Paid" is not called',
  ]);
});
