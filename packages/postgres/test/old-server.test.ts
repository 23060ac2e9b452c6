import { openDatabase, provision } from "@polder/postgres";
import { expect, test } from "vitest";
import { homeScopes, inventory, order } from "./homes.ts";
import { packageFolder, startOldServer } from "./old-server.ts";

test("PostgreSQL 13 is refused, whatever is asked of it", async (context) => {
  const folder = packageFolder("postgres-13-linux-x64");
  if (folder === undefined) {
    context.skip("needs the npm package postgres-13-linux-x64, which there is for Linux on x64 only");
    return;
  }
  await using server = await startOldServer(folder);
  await using admin = openDatabase(server.address);
  const refused = { code: "POSTGRES_TOO_OLD", message: expect.stringContaining("older than version 14") };
  await expect(admin.query("select 1")).rejects.toMatchObject(refused);
  await expect(admin.begin().query("select 1")).rejects.toMatchObject(refused);
  await expect(
    provision({ admin, homes: [order, inventory], scopes: homeScopes, password: () => "" }),
  ).rejects.toMatchObject(refused);
});
