import pg from "pg";
import type { BenchServer } from "./bench-server.ts";

/** Makes a database on the benchmark's server, and says how to get there. */
export async function createDatabase(
  { address }: BenchServer,
  database: string,
): Promise<BenchServer["address"] & { readonly database: string }> {
  const client = new pg.Client({ ...address, database: "postgres" });
  await client.connect();
  try {
    await client.query(`create database ${client.escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
  return { ...address, database };
}
