import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { silentLogger } from "@polder/model";
import { expect, test } from "vitest";
import { findPackage, usableBinaries } from "../src/embedded/binaries.ts";
import { clusterIn } from "../src/embedded/cluster.ts";
import { prepareData } from "../src/embedded/data-directory.ts";
import { launch } from "../src/embedded/launch.ts";
import { findPlace, sharedFolder } from "../src/embedded/place.ts";
import { pickPort } from "../src/embedded/port.ts";
import { shutDown } from "../src/embedded/shut-down.ts";
import { startEmbedded } from "../src/embedded/start-embedded.ts";
import { serverUser } from "../src/embedded/unprivileged-user.ts";
import { ask, newProject } from "./embedded-project.ts";

test("the last port is left to the program that has it now", async () => {
  await using project = await newProject();
  const first = await startEmbedded(project);
  await first.stop();
  await using other = await listener(first.port);
  await using second = await startEmbedded(project);
  expect(second.port).not.toBe(other.port);
  await ask(second, "select 1");
});

test("a port that another program takes in between is given up for another", async () => {
  await using project = await newProject();
  await using taken = await listener(0);
  const user = await serverUser("");
  const binaries = await usableBinaries(findPackage(), { user, copiesFolder: sharedFolder });
  const directory = project.folder;
  const cluster = clusterIn({ directory, place: await findPlace(directory, user), binaries, user });
  await prepareData(cluster, { password: "secret", durable: false, logger: silentLogger });

  const free = await pickPort(join(directory, "none"));
  const ports = [taken.port, taken.port, free];
  const options = { settings: {}, durable: false };
  expect(await launch(cluster, { ...options, pickPort: async () => ports.shift() ?? 0 })).toBe(free);
  await ask({ port: free, password: "secret" }, "select 1");
  await shutDown(cluster);

  const never = launch(cluster, { ...options, pickPort: async () => taken.port });
  await expect(never).rejects.toMatchObject({ code: "EMBEDDED_START_FAILED" });
});

async function listener(port: number): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}
