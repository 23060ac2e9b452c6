import type { TestDatabase } from "@polder/postgres/testing";

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
