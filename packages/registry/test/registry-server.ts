import { createDispatcher, type HttpServer, serveHttp } from "@polder/http";
import { type Database, openDatabase, provision } from "@polder/postgres";
import type { TestContent, TestDatabase, TestServer } from "@polder/postgres/testing";
import {
  openRegistry,
  REGISTRY_ROLE,
  type Registry,
  type RegistryOptions,
  registryApp,
  registrySystemSteps,
} from "../src/index.ts";

/** A registry that listens, on a database of its own. */
export interface RegistryServer extends AsyncDisposable {
  readonly url: string;
  readonly registry: Registry;
  readonly database: TestDatabase;
  /** Asks it, and gives status and body. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
  ) => Promise<{ readonly status: number; readonly body: unknown }>;
}

const scopes = [registrySystemSteps()];

/** What a registry keeps, and the login of its process. */
export const registryHome: TestContent = {
  of: scopes,
  fill: async ({ admin, password }) => void (await provision({ admin, homes: [], scopes, password })),
};

/** Starts a registry as its own role, at `/registry`. */
export async function startTestRegistry(
  server: TestServer,
  options: Omit<RegistryOptions, "database"> = {},
): Promise<RegistryServer> {
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await server.database(registryHome));
  const own: Database = openDatabase({
    ...database.address,
    user: REGISTRY_ROLE,
    password: database.password(REGISTRY_ROLE),
    connectionsMax: 20,
  });
  opened.defer(() => own.close());
  const registry = openRegistry({ ...options, database: own });
  const http: HttpServer = opened.use(
    await serveHttp({
      dispatcher: createDispatcher({ served: [] }),
      port: 0,
      extra: (app) => app.route("/registry", registryApp({ registry })),
    }),
  );
  const url = `${http.url}/registry`;
  const owned = opened.move();
  return {
    url,
    registry,
    database,
    ask: async (method, path, body) => {
      const headers = { "content-type": "application/vnd.schemaregistry.v1+json" };
      const sent = body === undefined ? {} : { headers, body: typeof body === "string" ? body : JSON.stringify(body) };
      const response = await fetch(`${url}${path}`, { method, ...sent });
      const text = await response.text();
      return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
