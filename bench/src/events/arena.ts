import pg from "pg";
import type { BenchServer } from "../bench-server.ts";
import type { Losses } from "../benchmark.ts";
import type { ServerAddress } from "./contender.ts";
import type { ContenderName } from "./contenders.ts";
import { type Backlog, countLosses } from "./losses.ts";
import { openRemoteSession, type RemoteSession } from "./remote-session.ts";
import { databaseOf, tablesOf } from "./tables.ts";

/** Contenders at one server, each in a process of its own. */
export interface Arena extends AsyncDisposable {
  readonly server: BenchServer;
  /** The process of a contender, with a database of its own; started when it is first asked for. */
  readonly session: (name: ContenderName) => Promise<RemoteSession>;
  /** Puts a backlog in place and remembers it for the count of losses. */
  readonly fill: (name: ContenderName, backlog: Backlog) => Promise<void>;
  /** A connection of the administrator to a contender's database. */
  readonly connect: (name: ContenderName) => Promise<pg.Client>;
  readonly losses: (name: ContenderName) => Promise<Losses>;
  /** Ends the process of a contender. */
  readonly leave: (name: ContenderName) => Promise<void>;
}

/** Opens an arena at a running server, which stays the caller's to stop. */
export function openArena(server: BenchServer): Arena {
  const sessions = new Map<ContenderName, Promise<RemoteSession>>();
  const backlogs = new Map<string, Backlog[]>();
  const addressOf = (name: ContenderName): ServerAddress => ({ ...server.address, database: databaseOf[name] });
  const connect = async (name: ContenderName): Promise<pg.Client> => {
    const client = new pg.Client(addressOf(name));
    await client.connect();
    return client;
  };
  const start = async (name: ContenderName): Promise<RemoteSession> => {
    await makeDatabase(server, databaseOf[name]);
    return await openRemoteSession({ contender: name, server: addressOf(name) });
  };
  const session = (name: ContenderName): Promise<RemoteSession> => {
    const started = sessions.get(name) ?? start(name);
    sessions.set(name, started);
    return started;
  };
  const leave = async (name: ContenderName): Promise<void> => {
    const started = sessions.get(name);
    sessions.delete(name);
    await (await started)?.close();
  };
  return {
    server,
    session,
    fill: async (name, backlog) => {
      const database = databaseOf[name];
      backlogs.set(database, [...(backlogs.get(database) ?? []), backlog]);
      await (await session(name)).fill(backlog);
    },
    connect,
    losses: async (name) => {
      const client = await connect(name);
      try {
        return await countLosses(client, tablesOf[name], backlogs.get(databaseOf[name]) ?? []);
      } finally {
        await client.end();
      }
    },
    leave,
    [Symbol.asyncDispose]: async () => {
      for (const name of [...sessions.keys()]) await leave(name);
    },
  };
}

async function makeDatabase(server: BenchServer, database: string): Promise<void> {
  const client = new pg.Client({ ...server.address, database: "postgres" });
  await client.connect();
  try {
    const { rowCount } = await client.query("select from pg_database where datname = $1", [database]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
}
