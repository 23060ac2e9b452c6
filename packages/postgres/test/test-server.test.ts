import { type TestContent, type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

// What the other tests are built on.

let server: TestServer;
let fills: string[];

beforeAll(async () => {
  server = await testServer({ own: "templates", templatesMax: 3 });
});
afterAll(() => server[Symbol.asyncDispose]());

function tulips(of: unknown, then: () => void = () => undefined): TestContent {
  return {
    of,
    fill: async ({ admin, address }) => {
      fills.push(address.database);
      await admin.query("create table tulip (name text)");
      then();
      await admin.query("insert into tulip values ('queen of night')");
    },
  };
}

const names = async ({ admin }: TestDatabase): Promise<readonly unknown[]> =>
  (await admin.query<{ name: string }>("select name from tulip order by name")).rows.map(({ name }) => name);

test("content is made once, also for those that ask at once; what a test does to its copy stays there", async () => {
  fills = [];
  await using opened = new AsyncDisposableStack();
  const open = async (): Promise<TestDatabase> => opened.use(await server.database(tulips("some")));
  const [one, other] = await Promise.all([open(), open()]);
  await one.admin.query("insert into tulip values ('spring green')");
  expect(await names(one)).toEqual(["queen of night", "spring green"]);
  expect(await names(other)).toEqual(["queen of night"]);
  expect(await names(await open())).toEqual(["queen of night"]);
  expect(fills).toHaveLength(1);
  opened.use(await server.database(tulips("others")));
  expect(fills).toHaveLength(2);
});

test("content that could not be made whole is made anew", async () => {
  fills = [];
  const fail = (): void => {
    throw new Error("out of luck");
  };
  await expect(server.database(tulips("half", fail))).rejects.toThrow("out of luck");
  await using database = await server.database(tulips("half"));
  expect(await names(database)).toEqual(["queen of night"]);
  expect(fills).toHaveLength(2);
});

test("a server keeps a limited number of templates, the newest", async () => {
  fills = [];
  await using empty = await server.database();
  for (let n = 0; n < 4; n += 1)
    await (await server.database({ of: n, fill: async () => undefined }))[Symbol.asyncDispose]();
  const { rows } = await empty.admin.query("select from pg_database where datname like 'template\\_of\\_%'");
  expect(rows).toHaveLength(3);
  await using again = await server.database(tulips("some"));
  expect(fills).toHaveLength(1);
  expect(await names(again)).toEqual(["queen of night"]);
});
