import { createDispatcher, serveHttp } from "@polder/http";
import { openDatabase, provision } from "@polder/postgres";
import { testServer } from "@polder/postgres/testing";
import { expect, test } from "vitest";
import { openRegistry, REGISTRY_ROLE, registryApp, registrySystemSteps } from "../src/index.ts";

test("the example of the README", async () => {
  await using server = await testServer();
  await using testDatabase = await server.database();
  const { admin, address, password } = testDatabase;
  await provision({ admin, homes: [], scopes: [registrySystemSteps()], password });
  // #region example
  await using database = openDatabase({ ...address, user: REGISTRY_ROLE, password: password(REGISTRY_ROLE) });
  const registry = openRegistry({ database });
  const app = registryApp({ registry });
  await using http = await serveHttp({
    dispatcher: createDispatcher({ served: [] }),
    port: 0,
    extra: (routes) => routes.route("/registry", app),
  });
  const answer = await fetch(`${http.url}/registry/subjects/orders-value/versions`, {
    method: "POST",
    body: JSON.stringify({ schemaType: "JSON", schema: '{ "type": "object" }' }),
  });
  // { id: 1, version: 1, guid: "…", schemaType: "JSON", schema: '{"type":"object"}' }
  // #endregion example
  expect(await answer.json()).toMatchObject({ id: 1, version: 1, schema: '{"type":"object"}' });
});
