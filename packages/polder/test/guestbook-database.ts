import { join } from "node:path";
import type { TestDatabase } from "@polder/postgres/testing";
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

/** Gives the domains of the guestbook their homes and tables, as `polder provision` and `polder migrate` do. */
export async function makeHomes({ env }: Pick<GuestbookEnvironment, "env">): Promise<void> {
  await using project = await openProject({ from: join(import.meta.dirname, "guestbook"), env });
  const database = await project.database();
  await database.provision();
  await database.migrate();
}
