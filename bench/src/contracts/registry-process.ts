import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { DatabaseAddress } from "@polder/postgres";
import { startRegistry } from "@polder/registry";
import pg from "pg";
import { answerParent, openedWith } from "../remote-process.ts";

/** What the process that serves schemas can be asked. */
export type RegistryMethods = typeof methods;

/** Connections of each of the two servers to the database. */
const CONNECTIONS = 10;

// The process with both servers: the registry, and a bare one that answers every request with the first schema.
const address = openedWith<DatabaseAddress>();
const registry = await startRegistry({ address });
const { host, port, user, password, database } = address;
const pool = new pg.Pool({ host, port, user, password, database, max: CONNECTIONS });
const bare = createServer((_request, response) => void answer().then((body) => response.end(body)));
await new Promise<void>((resolve) => bare.listen(0, "127.0.0.1", resolve));

const methods = {
  urls: () => ({ registry: registry.url, bare: `http://127.0.0.1:${(bare.address() as AddressInfo).port}` }),
};
answerParent(methods, async () => {
  bare.closeAllConnections();
  bare.close();
  await Promise.all([pool.end(), registry.stop()]);
});

async function answer(): Promise<string> {
  const { rows } = await pool.query<{ readonly type: string; readonly text: string }>({
    name: "schema",
    text: "select type, text from polder.registry_schema where context = $1 and id = $2",
    values: [".", 1],
  });
  const [found] = rows;
  return JSON.stringify({ schemaType: found?.type, schema: found?.text });
}
