import { type Drift, homeOf, homeSteps, provision } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { catalogOf } from "./catalog.ts";
import { dropRoles, runScript } from "./homes.ts";

// What others do to a database is reported, left alone, and gone when the fix that is named has been applied.

let server: TestServer;
let database: TestDatabase;
const homes = [homeOf("order"), homeOf("inventory")];

// Roles belong to a whole server, and here they are spoilt.
beforeAll(async () => {
  server = await testServer({ own: "drift" });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database();
  await runScript(database, "create role reporting");
  expect(await look()).toEqual([]);
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
  await dropRoles(server);
});

async function look(): Promise<readonly Drift[]> {
  return (await provision({ ...database, homes, scopes: homes.map(homeSteps) })).drift;
}

interface Spoiling {
  readonly does: string;
  readonly finds: readonly Drift[];
}

const beyond = "has rights beyond its domain (superuser, createrole, createdb, replication or bypassrls)";
const nobody = "no right for anybody outside the domain";

const spoilings: Readonly<Record<string, Spoiling>> = {
  ...Object.fromEntries(
    ["superuser", "createrole", "createdb", "replication", "bypassrls"].map((attribute) => [
      `a role with ${attribute}`,
      {
        does: `alter role order_app ${attribute}`,
        finds: [
          {
            object: "role order_app",
            found: beyond,
            expected: "none of them",
            fix: 'alter role "order_app" nosuperuser nocreaterole nocreatedb noreplication nobypassrls',
          },
        ],
      },
    ]),
  ),
  "an owner that may log in": {
    does: "alter role order_owner login",
    finds: [
      { object: "role order_owner", found: "may log in", expected: "nologin", fix: 'alter role "order_owner" nologin' },
    ],
  },
  "Polder's role, that may log in": {
    does: "alter role polder login",
    finds: [{ object: "role polder", found: "may log in", expected: "nologin", fix: 'alter role "polder" nologin' }],
  },
  "a login that may not log in": {
    does: "alter role order_app nologin",
    finds: [
      { object: "role order_app", found: "may not log in", expected: "login", fix: 'alter role "order_app" login' },
    ],
  },
  "memberships, in one line": {
    does: "grant pg_read_all_data, inventory_owner to order_app",
    finds: [
      {
        object: "role order_app",
        found: "is a member of inventory_owner, pg_read_all_data",
        expected: "a member of no role",
        fix: 'revoke "inventory_owner", "pg_read_all_data" from "order_app"',
      },
      {
        object: "role inventory_owner",
        found: "has the members order_app",
        expected: "no member but administrators",
        fix: 'revoke "inventory_owner" from "order_app"',
      },
    ],
  },
  "a person who may act as a domain": {
    does: "grant inventory_app to reporting",
    finds: [
      {
        object: "role inventory_app",
        found: "has the members reporting",
        expected: "no member but administrators",
        fix: 'revoke "inventory_app" from "reporting"',
      },
    ],
  },
  "another owner of the schema": {
    does: "alter schema inventory owner to reporting; grant usage, create on schema inventory to polder",
    finds: [
      {
        object: "schema inventory",
        found: "belongs to reporting",
        expected: "belongs to polder",
        fix: 'alter schema "inventory" owner to "polder"',
      },
    ],
  },
  "a table of somebody else, once": {
    does: "create table inventory.seen (id int generated always as identity primary key); grant select, insert on inventory.seen to inventory_app",
    finds: [
      {
        object: "table inventory.seen",
        found: "belongs to postgres",
        expected: "belongs to inventory_owner",
        fix: 'alter table inventory.seen owner to "inventory_owner"',
      },
    ],
  },
  "a function, a sequence and a view of somebody else": {
    does: "create function inventory.f(int) returns int language sql as 'select 1'; create sequence inventory.s; create view inventory.\"View\" as select 1",
    finds: [
      {
        object: "table inventory.View",
        found: "belongs to postgres",
        expected: "belongs to inventory_owner",
        fix: 'alter table inventory."View" owner to "inventory_owner"',
      },
      {
        object: "routine inventory.f(integer)",
        found: "belongs to postgres",
        expected: "belongs to inventory_owner",
        fix: 'alter routine inventory.f(integer) owner to "inventory_owner"',
      },
      {
        object: "sequence inventory.s",
        found: "belongs to postgres",
        expected: "belongs to inventory_owner",
        fix: 'alter sequence inventory.s owner to "inventory_owner"',
      },
    ],
  },
  "rights of others on one thing, in one line each": {
    does: `grant usage, create on schema inventory to reporting; grant usage on schema inventory to public;
set role polder; grant select, update (answer), update (at) on inventory._request to reporting`,
    finds: [
      {
        object: "schema inventory",
        found: "usage is granted to public",
        expected: nobody,
        fix: "revoke usage on schema inventory from public",
      },
      {
        object: "schema inventory",
        found: "create, usage is granted to reporting",
        expected: nobody,
        fix: 'revoke create, usage on schema inventory from "reporting"',
      },
      {
        object: "table inventory._request",
        found: "select, update (answer), update (at) is granted to reporting",
        expected: nobody,
        fix: 'revoke select, update (answer), update (at) on table inventory._request from "reporting"',
      },
    ],
  },
  "rights of another domain": {
    does: "grant usage on schema inventory to order_app; set role inventory_owner; create table inventory.stock (); grant select on inventory.stock to order_app",
    finds: [
      {
        object: "schema inventory",
        found: "usage is granted to order_app",
        expected: nobody,
        fix: 'revoke usage on schema inventory from "order_app"',
      },
      {
        object: "table inventory.stock",
        found: "select is granted to order_app",
        expected: nobody,
        fix: 'revoke select on table inventory.stock from "order_app"',
      },
    ],
  },
  "rights to a function": {
    does: "set role inventory_owner; create function inventory.f() returns int language sql as 'select 1'; grant execute on function inventory.f() to reporting",
    finds: [
      {
        object: "routine inventory.f()",
        found: "execute is granted to reporting",
        expected: nobody,
        fix: 'revoke execute on routine inventory.f() from "reporting"',
      },
    ],
  },
  "rights to Polder's own tables and functions": {
    does: "set role polder; grant select on polder.installed to order_app; create function polder.f() returns int language sql as 'select 1'; grant execute on function polder.f() to public",
    finds: [
      {
        object: "routine polder.f()",
        found: "execute is granted to public",
        expected: nobody,
        fix: "revoke execute on routine polder.f() from public",
      },
      {
        object: "table polder.installed",
        found: "select is granted to order_app",
        expected: nobody,
        fix: 'revoke select on table polder.installed from "order_app"',
      },
    ],
  },
  "default privileges for others": {
    does: `alter default privileges for role inventory_owner in schema inventory grant select, insert on tables to reporting;
alter default privileges for role inventory_owner grant select on sequences to public`,
    finds: [
      {
        object: "default privileges of inventory_owner in inventory",
        found: "insert, select on tables to come is granted to reporting",
        expected: nobody,
        fix: 'alter default privileges for role "inventory_owner" in schema "inventory" revoke insert, select on tables from "reporting"',
      },
      {
        object: "default privileges of inventory_owner",
        found: "select on sequences to come is granted to public",
        expected: nobody,
        fix: 'alter default privileges for role "inventory_owner" revoke select on sequences from public',
      },
    ],
  },
  "tables for everybody in the schema public": {
    does: "grant create on schema public to public",
    finds: [
      {
        object: "schema public",
        found: "create is granted to public",
        expected: "no place where domains could share tables",
        fix: "revoke create on schema public from public",
      },
    ],
  },
};

test.each(Object.entries(spoilings))("%s", async (_, { does, finds }) => {
  await runScript(database, does);
  const spoilt = await catalogOf(database.admin);
  expect(await look()).toEqual(finds);
  expect(await catalogOf(database.admin)).toEqual(spoilt);
  await runScript(database, ...finds.map(({ fix }) => fix));
  expect(await look()).toEqual([]);
});

test("another password is found, and set again when that is asked for", async () => {
  await runScript(database, "alter role order_app password 'another'");
  const found = {
    object: "role order_app",
    found: "has another password",
    expected: "the password that Polder keeps",
    fix: "polder provision --set-passwords",
  };
  expect(await look()).toEqual([found]);
  await expect(database.openAs(homeOf("order")).query("select 1")).rejects.toMatchObject({
    code: "POSTGRES_AUTH_FAILED",
  });
  await provision({ ...database, homes, scopes: [], setPasswords: true });
  expect(await look()).toEqual([]);
});

test("what is missing is no drift: it is given again", async () => {
  const whole = await catalogOf(database.admin);
  await runScript(database, "revoke usage on schema inventory from inventory_app");
  await runScript(database, "revoke create on schema inventory from inventory_owner");
  await runScript(database, "revoke usage on schema polder from inventory_app");
  await runScript(
    database,
    "alter default privileges for role inventory_owner in schema inventory revoke insert on tables from inventory_app",
  );
  const { statements, drift } = await provision({ ...database, homes, scopes: [] });
  expect(drift).toEqual([]);
  expect(statements.map(({ what }) => what)).toEqual([
    "tables of inventory_owner in inventory",
    "usage of inventory for inventory_app",
    "usage of polder for inventory_app",
    "reading and writing in inventory for inventory_app",
  ]);
  expect(await catalogOf(database.admin)).toEqual(whole);
});

test("an administrator who is no superuser may act as every role, and that is no drift", async () => {
  await runScript(database, "create role chief createrole; grant polder, order_owner, inventory_owner to chief");
  expect(await look()).toEqual([]);
});

test("a schema that was there before keeps its owner, and gets what Polder needs", async () => {
  await using fresh = await server.database();
  const home = homeOf("billing");
  await runScript(fresh, "create schema billing");
  const options = { ...fresh, homes: [home], scopes: [homeSteps(home)] };
  const { drift } = await provision(options);
  expect(drift.map(({ object, found }) => `${object} ${found}`)).toEqual(["schema billing belongs to postgres"]);
  expect((await provision(options)).statements).toEqual([]);
  await using app = fresh.openAs(home);
  expect((await app.query("select from _request")).rows).toEqual([]);
});
