import { join } from "node:path";
import type { TestContent, TestDatabase } from "@polder/postgres/testing";
import { openProject } from "polder";
import { type ProjectEnvironment, projectEnvironment } from "./project-environment.ts";

/** The environment in which the guestbook finds a database of a test. */
export function guestbookEnvironment(database: TestDatabase): ProjectEnvironment {
  return projectEnvironment(database, ["guestbook", "welcome"]);
}

/** The homes and tables of the guestbook's domains, as `polder provision` and `polder migrate` make them. */
export const guestbookHomes: TestContent = {
  of: "guestbook",
  fill: async (database) => {
    const { env } = guestbookEnvironment(database);
    await using project = await openProject({ from: join(import.meta.dirname, "guestbook"), env });
    const connected = await project.database();
    await connected.provision();
    await connected.migrate();
  },
};
