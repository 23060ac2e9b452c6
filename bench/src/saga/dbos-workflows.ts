import { DBOS } from "@dbos-inc/dbos-sdk";
import pg from "pg";
import { elsewhere, type SagaRunner, type ServerAddress } from "./runner.ts";

/** DBOS Transact: a workflow of three steps, each stored when it has given its result. */
export async function openDbos(server: ServerAddress, atOnce: number): Promise<SagaRunner> {
  const { host, port, user, password, database } = server;
  const systemDatabaseUrl = `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
  const pool = new pg.Pool({ ...server, max: atOnce });
  await pool.query("create table booking (key text primary key)");
  DBOS.setConfig({
    name: "bench",
    systemDatabaseUrl,
    systemDatabasePoolSize: atOnce,
    logLevel: "error",
    runAdminServer: false,
  });
  const trip = DBOS.registerWorkflow(
    async (key: string) => {
      await DBOS.runStep(() => elsewhere("flight"), { name: "flight" });
      await DBOS.runStep(() => elsewhere("hotel"), { name: "hotel" });
      await DBOS.runStep(async () => void (await pool.query("insert into booking (key) values ($1)", [key])), {
        name: "book",
      });
    },
    { name: "trip" },
  );
  await DBOS.launch();
  return {
    run: async (key) => {
      const handle = await DBOS.startWorkflow(trip, { workflowID: key })(key);
      await handle.getResult();
    },
    [Symbol.asyncDispose]: async () => {
      await DBOS.shutdown();
      await pool.end();
    },
  };
}
