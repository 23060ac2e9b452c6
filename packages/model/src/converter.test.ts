import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type AnyApi, type AnyEvent, api, command, event, isPolderError, type Problem, query } from "./index.ts";

const input = z.object({ id: z.string() });
const versions = {
  "1.0.0": { find: query("GET /a/:id", { input }), add: command("POST /a") },
  "1.1.0": { find: query("GET /a/:id", { input }), add: command("POST /a"), drop: command("DELETE /a/:id", { input }) },
  "2.0.0": {
    find: query("GET /a/:id", { input, refusals: { Unknown: z.object({}) } }),
    add: query("GET /b"),
  },
  "2.1.0": { find: query("GET /a/:id", { input, refusals: { Unknown: z.object({}) } }), add: query("GET /b") },
};
const right = {
  "2.0.0": { find: { refusals: { Unknown: () => ({}) } }, add: { as: null }, drop: { as: null } },
};

/** Declares what the compiler would refuse. */
const declareApi = api as (name: string, shape: object) => AnyApi;
const declareEvent = event as (name: string, shape: object) => AnyEvent;

function problemsOf(declare: () => unknown): readonly Problem[] {
  try {
    declare();
    return [];
  } catch (error) {
    if (!isPolderError(error, "DECLARATION_INVALID")) throw error;
    return (error.details as { readonly problems: readonly Problem[] }).problems;
  }
}

const placesOf = (shape: object): readonly string[] =>
  problemsOf(() => declareApi("shelf", { versions, ...shape })).map(({ place }) => place);

describe("the converters of an API", () => {
  test("are declared with it", () => {
    expect(declareApi("shelf", { versions, converters: right })).toMatchObject({ newest: "2.1.0", converters: right });
  });

  test("stand where a major begins, and nowhere else", () => {
    const places = placesOf({ converters: { ...right, "3.0.0": {}, "2.1.0": {}, "1.0.0": {} } });
    expect(places).toEqual(['converters["3.0.0"]', 'converters["2.1.0"]', 'converters["1.0.0"]']);
  });

  test("say what happens to each operation that is gone, and to each refusal that is new", () => {
    expect(placesOf({})).toEqual([
      'converters["2.0.0"].find.refusals.Unknown',
      'converters["2.0.0"].add',
      'converters["2.0.0"].drop',
    ]);
  });

  test("name what there is, and are functions", () => {
    const converters = {
      "2.0.0": {
        find: {
          input: "no function",
          output: { loses: " ", convert: () => null },
          more: 1,
          refusals: { Unknown: () => ({}), Strange: () => ({}) },
        },
        add: { as: "find" },
        drop: { as: "nowhere" },
        never: {},
      },
    };
    expect(new Set(placesOf({ converters }))).toEqual(
      new Set([
        'converters["2.0.0"].never',
        'converters["2.0.0"].find.more',
        'converters["2.0.0"].find.input',
        'converters["2.0.0"].find.output.loses',
        'converters["2.0.0"].find.refusals.Strange',
        'converters["2.0.0"].add',
        'converters["2.0.0"].drop.as',
      ]),
    );
  });
});

test("the converters of an event have two ways", () => {
  const shape = { key: "id", versions: { "1.0.0": input, "2.0.0": input } };
  const declare = (converters: object) => problemsOf(() => declareEvent("shelf.Filled", { ...shape, converters }));
  expect(declare({ "2.0.0": { up: (old: unknown) => old } })).toEqual([]);
  expect(declare({ "2.0.0": { up: 1, sideways: () => null }, "1.0.0": {} }).map(({ place }) => place)).toEqual([
    'converters["1.0.0"]',
    'converters["2.0.0"].up',
    'converters["2.0.0"].sideways',
  ]);
});

test("what is deprecated is older than the newest, and says since when, until when and what to do", () => {
  const said = { since: "2026-03-01", sunset: "2026-09-01T12:00:00+02:00", notice: "Use 2." };
  expect(placesOf({ converters: right, deprecated: { "0": said, "1": said } })).toEqual([]);
  const wrong = {
    "2": said,
    one: said,
    "1": { since: "2026-02-30", sunset: "soon", notice: "" },
    "0": { ...said, sunset: "2026-01-01" },
  };
  expect(new Set(placesOf({ converters: right, deprecated: wrong }))).toEqual(
    new Set([
      'deprecated["2"]',
      'deprecated["one"]',
      'deprecated["1"].since',
      'deprecated["1"].sunset',
      'deprecated["1"].notice',
      'deprecated["0"].sunset',
    ]),
  );
});
