import { sqlState } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrateHome, openPsql, order, provisionHomes, rowOf } from "./homes.ts";

// What a domain can do in a migration: all with its own tables, and nothing beyond.

let server: TestServer;
let database: TestDatabase;
let largeObject: string;

beforeAll(async () => {
  // Roles belong to a whole server: on one of its own, no other run has a login meanwhile.
  server = await testServer({ own: "migration-boundaries" });
  database = await server.database();
  await provisionHomes(database);
  await using inventory = await openPsql(database, "inventory");
  const made = await inventory.client.query<{ oid: string }>("select lo_from_bytea(0, 'secret'::bytea)::text as oid");
  largeObject = made.rows[0]?.oid ?? "";
  // A function that tries to make its own domain's login a superuser, for places where code runs late.
  await migrateHome(
    database,
    order,
    `create function rise() returns int language plpgsql as $$ begin
  execute 'alter role order_app superuser';
  return 1;
end $$;
create function rise_later() returns trigger language plpgsql as $$ begin
  perform rise();
  return null;
end $$;
create table trap (id int);
create constraint trigger trap after insert on trap deferrable initially deferred for each row execute function rise_later();`,
  );
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const refused: Readonly<Record<string, readonly string[]>> = {
  "other domains": [
    "create view seen as select * from inventory.stock",
    "create materialized view seen as select * from inventory.stock",
    "create table line (sku text references inventory.stock (sku))",
    "alter table orders add column sku text references inventory.stock (sku)",
    "create table mine as select * from inventory.stock",
    "create table child () inherits (inventory.stock)",
    "insert into inventory.stock values ('rose', 1)",
    "drop table inventory.stock",
    "create table inventory.mine ()",
    "create trigger spy after insert on inventory.stock execute function rise_later()",
    "create function peek() returns bigint language sql as 'select count(*) from inventory.stock'",
    "select lo_get(:large_object)",
  ],
  "other roles": [
    "set role inventory_owner",
    "set role polder",
    "set local role postgres",
    "select set_config('role', 'postgres', true)",
    "set session authorization postgres",
    "do $$ begin execute 'reset role'; execute 'alter role order_app superuser'; end $$",
    "do $$ begin perform set_config('role', 'none', true); execute 'create table \"order\".mine ()'; end $$",
    "reset role",
    "reset session authorization; create schema mine",
    "alter role order_app superuser",
    "alter role order_owner login",
    "grant order_owner to inventory_app",
    "grant polder to order_owner",
    "create role spy",
  ],
  "Polder's tables": [
    "drop table _outbox",
    "drop table _outbox cascade",
    "drop table _migration",
    "drop index _outbox_xid_idx",
    "alter table _outbox rename to mine",
    "alter table _outbox drop column xid",
    "alter table _outbox disable trigger all",
    "alter table _request disable row level security",
    "alter table _outbox owner to order_owner",
    "create trigger spy after insert on _outbox execute function rise_later()",
    "create rule spy as on insert to _migration do also select rise()",
    "create policy spy on _request",
    "create table mine partition of _outbox for values from (0) to (1)",
    "create table mine () inherits (_request)",
    "create index on _request (answer)",
    "select * from _outbox",
    "delete from _request",
    "update _migration set hash = ''",
    "delete from _migration",
    "select * from polder.installed",
    "create table polder.mine ()",
  ],
  schemas: [
    "create schema mine",
    'drop schema "order" cascade',
    'alter schema "order" rename to mine',
    'alter schema "order" owner to order_owner',
    "create table public.mine ()",
  ],
  "the server and its machine": [
    "copy orders to program 'true'",
    "copy orders to '/tmp/polder-spy'",
    "select pg_read_file('postgresql.conf')",
    "select lo_import('/etc/hostname')",
    "create function run(text) returns int language c as 'libc', 'system'",
    "create event trigger spy on ddl_command_end execute function rise_later()",
    "-- polder: no transaction\nalter system set log_connections = on",
    "set local session_replication_role = replica",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'",
  ],
  "what runs late": [
    'declare late cursor with hold for select "order".rise()',
    "insert into trap values (1)",
    "insert into trap values (1); set constraints all immediate",
    "create function evil(int) returns int immutable language sql as 'select \"order\".rise()'; insert into orders values (9); create index on orders (evil(id))",
    "-- polder: no transaction\nalter role order_app superuser",
    "-- polder: no transaction\nreset role; alter role order_app superuser",
    '-- polder: no transaction\nreset role; create table "order".mine ()',
    "-- polder: no transaction\nset session authorization postgres",
  ],
};

describe.each(Object.entries(refused))("PostgreSQL keeps a migration from %s", (_, texts) => {
  test.each(texts)("%s", async (text) => {
    const failed = migrateHome(database, order, text.replace(":large_object", largeObject));
    const error = await failed.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "MIGRATION_FAILED", details: { domain: "order" } });
    expect(`${sqlState(error)} ${String(error)}`).toMatch(/^42501 /);
    expect(
      await rowOf(database.admin, "select rolsuper, rolcreaterole from pg_roles where rolname = 'order_app'"),
    ).toEqual({
      rolsuper: false,
      rolcreaterole: false,
    });
  });
});

test("a migration cannot end its transaction and go on by itself", async () => {
  for (const text of ["create table half (); commit; create table whole ()", "rollback; create table whole ()"]) {
    await expect(migrateHome(database, order, text)).rejects.toMatchObject({
      code: "MIGRATION_FAILED",
      cause: { code: "0A000" },
    });
  }
  const found = await rowOf(
    database.admin,
    "select to_regclass('\"order\".half') as half, to_regclass('\"order\".whole') as whole",
  );
  expect(found).toEqual({ half: null, whole: null });
});

test("a domain may give away rights to its tables, and still nobody gets in", async () => {
  await migrateHome(database, order, 'grant select on orders to public; grant all on schema "order" to public');
  await using inventory = await openPsql(database, "inventory");
  await expect(inventory.client.query('select * from "order".orders')).rejects.toMatchObject({ code: "42501" });
});

test("the next migration finds the session as the first one did", async () => {
  await migrateHome(
    database,
    order,
    "set search_path = public; set lock_timeout = '1h'; create temp table orders (other int)",
    "alter table orders add column note text",
    `select note from "order".orders; do $$ begin assert current_setting('lock_timeout') = '500ms'; end $$`,
  );
});

test("no login is left over", async () => {
  expect(
    await rowOf(database.admin, "select from pg_roles where starts_with(rolname, 'order_migrator_')"),
  ).toBeUndefined();
});
