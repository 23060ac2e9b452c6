import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectDenied, openPsql, provisionHomes } from "./homes.ts";

// What somebody can do who logs in as a domain's role, with nothing of Polder in between.

let server: TestServer;
let database: TestDatabase;
let psql: pg.Client;
let largeObject: string;

beforeAll(async () => {
  server = await testServer();
  database = await server.database();
  await provisionHomes(database);
  await using inventory = await openPsql(database, "inventory");
  const made = await inventory.client.query<{ oid: string }>("select lo_from_bytea(0, 'secret'::bytea)::text as oid");
  largeObject = made.rows[0]?.oid ?? "";
  psql = (await openPsql(database, "order")).client;
});
afterAll(async () => {
  await psql.end();
  await database[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const denied: Readonly<Record<string, readonly string[]>> = {
  "another domain's tables": [
    "select * from inventory.stock",
    'select * from "order".orders join inventory.stock on true',
    'select exists (select from "order".orders where exists (select from inventory.stock))',
    "insert into inventory.stock values ('rose', 1)",
    "update inventory.stock set n = 0",
    "delete from inventory.stock",
    "truncate inventory.stock",
    "do $$ begin lock table inventory.stock in access share mode; end $$",
    "copy inventory.stock to stdout",
    "explain analyze select * from inventory.stock",
    "create temp view seen as select * from inventory.stock",
    "create temp table seen as select * from inventory.stock",
    "create temp table child () inherits (inventory.stock)",
    "create temp table copied (like inventory.stock)",
    "select nextval('inventory.stock_id_seq')",
    "create function pg_temp.peek() returns bigint language sql as 'select count(*) from inventory.stock'",
    "analyze inventory.stock; select * from inventory.stock",
  ],
  "another role": [
    "set role inventory_app",
    "set role inventory_owner",
    "set role order_owner",
    "set role polder",
    "set role postgres",
    "set session authorization inventory_app",
    "set session authorization postgres",
    "grant inventory_app to order_app",
    "grant order_owner to order_app",
    "create role spy",
    "alter role order_app createrole",
    "alter role inventory_app password 'mine'",
  ],
  "Polder's own tables": [
    'select * from "order"._outbox',
    "update \"order\"._outbox set data = '{}'",
    'delete from "order"._outbox',
    'truncate "order"._outbox',
    'select * from "order"._outbox_all',
    "insert into \"order\"._outbox (id, event_id, key, type, version, data) overriding system value values (1, gen_random_uuid(), 'k', 'order.Placed', '1.0.0', '{}')",
    "insert into \"order\"._outbox (xid, event_id, key, type, version, data) values ('1', gen_random_uuid(), 'k', 'order.Placed', '1.0.0', '{}')",
    "insert into \"order\"._outbox (event_id, key, type, version, data) values (gen_random_uuid(), 'k', 'order.Placed', '1.0.0', '{}') returning id",
    "update \"order\"._request set answer = '{}'",
    "insert into \"order\"._migration (name, hash, duration_ms) values ('0009.sql', '', 0)",
    'delete from "order"._migration',
    'drop table "order"._outbox',
    "select * from polder.installed",
    "insert into inventory._outbox (event_id, key, type, version, data) values (gen_random_uuid(), 'k', 'inventory.Lost', '1.0.0', '{}')",
  ],
  "its own schema, beyond rows": [
    'create table "order".extra ()',
    'alter table "order".orders add column extra int',
    'drop table "order".orders',
    "create function \"order\".f() returns int language sql as 'select 1'",
    'create view "order".v as select 1',
    'alter schema "order" owner to order_app',
    "create schema extra",
    "create table polder.extra ()",
    "create table public.extra ()",
  ],
  "the server and its machine": [
    "copy (select 1) to program 'true'",
    "copy (select 1) to '/tmp/polder-spy'",
    "create temp table lines (line text); copy lines from '/etc/hostname'",
    "select pg_read_file('postgresql.conf')",
    "select pg_ls_dir('.')",
    "select lo_import('/etc/hostname')",
    "select * from pg_authid",
    "select * from pg_hba_file_rules",
    "alter system set log_connections = on",
    "select pg_reload_conf()",
    "set session_replication_role = replica",
    "create function pg_temp.run(text) returns int language c as 'libc', 'system'",
    "create foreign data wrapper spy",
    "create publication spy for table inventory.stock",
    "create database spy",
    "alter database postgres set work_mem = '1GB'",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres' and pid <> pg_backend_pid()",
  ],
};

describe.each(Object.entries(denied))("PostgreSQL keeps a domain's role from %s", (_, statements) => {
  test.each(statements)("%s", async (statement) => {
    await expectDenied(psql.query(statement));
  });
});

test("PostgreSQL keeps a domain's role from another domain's large objects", async () => {
  await expectDenied(psql.query("select lo_get($1)", [largeObject]));
  await expectDenied(psql.query("select lo_unlink($1)", [largeObject]));
});

test("a domain's role sees that others are there, and not what they do", async () => {
  await using inventory = await openPsql(database, "inventory");
  await inventory.client.query("select 'secret' from inventory.stock");
  const { rows } = await psql.query(
    "select query from pg_stat_activity where usename = 'inventory_app' and datname = current_database()",
  );
  expect(rows).toEqual([{ query: "<insufficient privilege>" }]);
  const statistics = await psql.query("select * from pg_stats where schemaname = 'inventory'");
  expect(statistics.rows).toEqual([]);
});

test("a domain's role reads and writes its own tables, publishes, and answers keyed commands", async () => {
  await psql.query('begin; insert into "order".orders values (2); update "order".orders set id = 3 where id = 2');
  await psql.query(
    "insert into \"order\"._outbox (event_id, key, type, version, data, headers) values (gen_random_uuid(), 'k', 'order.Placed', '1.0.0', '{}', null)",
  );
  await psql.query("insert into \"order\"._request (operation, key, input_hash, answer) values ('o', 'k', '', '{}')");
  await psql.query('delete from "order"._request; delete from "order".orders where id = 3');
  expect((await psql.query('select id from "order".orders')).rows).toEqual([{ id: 1 }]);
  await psql.query("rollback");
});

test("what a migration makes is the domain's role's to use as well", async () => {
  const { rows } = await database.admin.query(
    "select bool_and(has_table_privilege('inventory_app', 'inventory.stock', p)) and has_sequence_privilege('inventory_app', 'inventory.stock_id_seq', 'usage') as may from unnest(array['select', 'insert', 'update', 'delete']) as p",
  );
  expect(rows).toEqual([{ may: true }]);
});
