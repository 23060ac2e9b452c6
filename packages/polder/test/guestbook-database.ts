import { join } from "node:path";
import type { TestContent, TestDatabase } from "@polder/postgres/testing";
import { openProject } from "polder";

/** Every secret that a command of the guestbook gets; none of them may ever be written. */
export interface GuestbookEnvironment {
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

/** The environment in which the guestbook finds a database of a test, as an administrator would set it. */
export function guestbookEnvironment({ address, password }: TestDatabase): GuestbookEnvironment {
  const { host, port, user, database } = address;
  const roles = ["guestbook_app", "welcome_app", "registry_app"];
  return {
    env: {
      DATABASE_URL: `postgres://${user}:${encodeURIComponent(address.password)}@${host}:${port}/${database}`,
      ...Object.fromEntries(roles.map((role) => [`POLDER_SECRET_${role.toUpperCase()}`, password(role)])),
    },
    secrets: [address.password, ...roles.map(password)],
  };
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
