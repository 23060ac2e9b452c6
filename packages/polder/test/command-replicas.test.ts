import { testServer } from "@polder/postgres/testing";
import { startHost } from "@polder/runtime";
import { expect, test } from "vitest";
import { startPolder } from "./polder-process.ts";
import { projectEnvironment } from "./project-environment.ts";
import { copyProject } from "./project-folder.ts";
import { polder } from "./shared-polder.ts";
import catalog from "./storefront/domains/catalog/index.ts";
import order from "./storefront/domains/order/index.ts";
import payment from "./storefront/domains/payment/index.ts";
import storefront from "./storefront/domains/storefront/index.ts";
import support from "./storefront/domains/support/index.ts";

const implementations = [catalog, order, payment, storefront, support];

test("a replica is built anew by the processes of its domain; the command waits, and says what for", async () => {
  await using server = await testServer();
  await using database = await server.database();
  await using folder = await copyProject("storefront");
  const domains = implementations.map(({ domain }) => domain.name);
  const options = { cwd: folder.path, env: projectEnvironment(database, domains).env };
  for (const command of ["provision", "migrate"])
    expect(await polder([command], options)).toMatchObject({ code: 0, err: "" });
  await using rebuild = startPolder(["read-models", "rebuild", "support/product-title"], options);
  await rebuild.says(/filled with 0 rows; no process of "support" runs, which would go on with it/);
  await using _host = await startHost({ implementations, address: database.appAddress });
  expect(await rebuild.ended).toMatchObject({ code: 0, out: "Build 3 of support/product-title serves.\n" });
});
