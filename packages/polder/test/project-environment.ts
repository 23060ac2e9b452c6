import type { TestDatabase } from "@polder/postgres/testing";

/** Every secret that a command of a project gets; none of them may ever be written. */
export interface ProjectEnvironment {
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

/** The environment in which a project with these domains finds a database of a test, as an administrator would set it. */
export function projectEnvironment(
  { address, password }: TestDatabase,
  domains: readonly string[],
): ProjectEnvironment {
  const { host, port, user, database } = address;
  const roles = [...domains, "registry"].map((domain) => `${domain}_app`);
  return {
    env: {
      DATABASE_URL: `postgres://${user}:${encodeURIComponent(address.password)}@${host}:${port}/${database}`,
      ...Object.fromEntries(roles.map((role) => [`POLDER_SECRET_${role.toUpperCase()}`, password(role)])),
    },
    secrets: [address.password, ...roles.map(password)],
  };
}
