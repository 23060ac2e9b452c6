import { randomUUID } from "node:crypto";
import { domain, type Saga, saga, team } from "@polder/model";
import { homeOf, homeSteps, openDatabase, openSecrets, provision } from "@polder/postgres";
import { runSagas, type SagaSeams, sagaDomainSteps, sagaStart } from "@polder/sagas";
import { z } from "zod";
import { elsewhere, type SagaRunner, type ServerAddress } from "./runner.ts";

const travel = domain("travel", { owner: team("Bench", { contact: "#bench" }), capability: "Book trips" });

const trip: Saga = saga(travel, "trip", {
  input: z.object({ key: z.string() }),
  run: async ({ input, step, local }) => {
    await step("flight", { run: () => elsewhere("flight"), undo: async () => undefined });
    await step("hotel", { run: () => elsewhere("hotel"), undo: async () => undefined });
    await local("book", {
      run: async ({ tx }) => {
        await tx.sql`insert into booking (key) values (${input.key})`;
      },
    });
  },
});

/** Publishing is not measured here. */
const seams: SagaSeams = {
  call: () => () => {
    throw new Error("nobody is called");
  },
  local: ({ sql, query }) => ({
    tx: { sql, query, publish: () => "", start: ({ name }, key) => ({ kind: "started", saga: name, key }) },
    last: async () => [],
    committed: () => undefined,
  }),
  isDefinite: () => false,
  trace: (_name, run) => run(),
};

/** Polder's sagas as the runtime runs them, without the runtime around them. */
export async function openPolderSagas(
  server: ServerAddress & { readonly directory: string },
  atOnce: number,
): Promise<SagaRunner> {
  const secrets = openSecrets({ directory: server.directory, env: {} });
  const admin = openDatabase({ ...server, connectionsMax: 2 });
  const home = homeOf("travel");
  const scopes = [homeSteps(home), sagaDomainSteps("travel")];
  await provision({ admin, homes: [home], scopes, password: secrets.get });
  await admin.query("create table travel.booking (key text primary key)");
  await admin.query("grant insert on travel.booking to travel_app");
  await admin.close();
  const { app, schema } = home;
  const database = openDatabase({ ...server, user: app, password: secrets.get(app), schema, connectionsMax: atOnce });
  const instance = randomUUID();
  await database.query("insert into _instance (id, host, pid) values ($1, 'bench', $2)", [instance, process.pid]);
  const ended = new Map<string, () => void>();
  const running = runSagas({
    domain: "travel",
    sagas: [trip],
    database,
    instance,
    atOnceMax: atOnce,
    seams: () => seams,
    answered: (_saga, key) => ended.get(key)?.(),
  });
  return {
    run: async (key) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      ended.set(key, resolve);
      await database.begin().commit([sagaStart("travel", { name: "trip", key, input: { key }, headers: null })]);
      running.wake();
      await promise;
      ended.delete(key);
    },
    [Symbol.asyncDispose]: async () => {
      await running.stop();
      await database.close();
    },
  };
}
