import { api, cannotConvert, command, event, query } from "@polder/model";
import { expect, test } from "vitest";
import { z } from "zod";
import { checkConverters } from "./check-converters.ts";

const seeded = { seed: 1, runs: 200 };
const key = { id: z.uuid() };
const older = z.object({
  ...key,
  name: z.string(),
  tags: z.array(z.string()).default([]),
  note: z.string().optional(),
});
const newer = z.object({
  ...key,
  title: z.string(),
  tags: z.array(z.string()).default([]),
  note: z.string().optional(),
});
const versions = {
  "1.0.0": older,
  "1.1.0": older,
  "2.0.0": newer,
  "2.1.0": newer.extend({ more: z.int().optional() }),
};

const up = ({ name, ...rest }: z.infer<typeof older>) => ({ ...rest, title: name });
const down = ({ title, ...rest }: z.infer<typeof newer>) => ({ ...rest, name: title });

test("converters that keep everything pass", async () => {
  await checkConverters(event("books.Named", { key: "id", versions, converters: { "2.0.0": { up, down } } }), seeded);
});

test("an event that does not come back the same is a loss, unless it is said", async () => {
  const blunt = ({ name, ...rest }: z.infer<typeof older>) => ({ ...rest, title: name.trim() });
  const Named = event("books.Named", { key: "id", versions, converters: { "2.0.0": { up: blunt, down } } });
  await expect(checkConverters(Named, seeded)).rejects.toThrow(/seed: 1/);
  const said = { "2.0.0": { up: { loses: "blanks around a title", convert: blunt }, down } };
  await checkConverters(event("books.Named", { key: "id", versions, converters: said }), seeded);
});

const another = "00000000-0000-4000-8000-000000000000";

test("what the other version does not accept, and a key that changes, are found", async () => {
  const wrong = event("books.Named", {
    key: "id",
    versions,
    converters: { "2.0.0": { up: (old) => ({ ...up(old), title: old.name.length as never }), down } },
  });
  await expect(checkConverters(wrong, seeded)).rejects.toMatchObject({
    cause: expect.objectContaining({ code: "CONVERSION_FAILED" }),
  });
  const rekeyed = event("books.Named", {
    key: "id",
    versions,
    converters: { "2.0.0": { up: { loses: "ids", convert: (old) => ({ ...up(old), id: another }) }, down } },
  });
  await expect(checkConverters(rekeyed, seeded)).rejects.toMatchObject({
    cause: expect.objectContaining({ message: expect.stringContaining('changes "id"') }),
  });
});

test("an operation's field that two values differ in must not vanish", async () => {
  const Books = (isSaid: boolean) => {
    const convert = ({ name }: { name: string; pages: number }) => ({ title: name });
    return api("books", {
      versions: {
        "1.0.0": {
          add: command("POST /books", {
            input: z.object({ name: z.string(), pages: z.int().min(1).max(9) }),
            refusals: { Full: z.object({ since: z.iso.date() }) },
          }),
          find: query("GET /books/:id", { input: z.object(key), output: z.object({ name: z.string() }) }),
        },
        "2.0.0": {
          add: command("POST /books", {
            input: z.object({ title: z.string() }),
            refusals: { NoRoom: z.object({ since: z.iso.date() }), Closed: z.object({}) },
          }),
          find: query("GET /books/:id", { input: z.object(key), output: z.object({ title: z.string() }) }),
        },
      },
      converters: {
        "2.0.0": {
          add: {
            input: isSaid ? { loses: "the number of pages", convert } : convert,
            refusals: {
              NoRoom: ({ since }) => ({ refusal: "Full", details: { since } }),
              Closed: () => cannotConvert("there was no closing"),
            },
          },
          find: { output: ({ title }) => ({ name: title }) },
        },
      },
    });
  };
  await checkConverters(Books(true), seeded);
  await expect(checkConverters(Books(false), seeded)).rejects.toMatchObject({
    cause: expect.objectContaining({ message: expect.stringContaining('converters["2.0.0"].add.input loses "pages"') }),
  });
});

test("what no values can be made up for is not checked, and says so", async () => {
  const odd = z.string().refine((text) => text === "the one that nobody guesses");
  const Odd = event("books.Odd", {
    key: "id",
    versions: { "1.0.0": z.object({ ...key, odd }), "2.0.0": z.object({ ...key }) },
    converters: { "2.0.0": { up: ({ id }) => ({ id }), down: ({ id }) => ({ id, odd: "" }) } },
  });
  await expect(checkConverters(Odd, seeded)).rejects.toThrow('books.Odd converters["2.0.0"].up was not checked');
});
