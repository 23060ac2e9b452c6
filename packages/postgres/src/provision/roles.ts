import { schemaName } from "@polder/model";

/** The names that a domain has in a database. */
export interface DomainHome {
  readonly domain: string;
  readonly schema: string;
  /** Owns the domain's tables; its migrations run as it. Nobody logs in as it. */
  readonly owner: string;
  /** The role of the domain's processes: reads and writes the domain's own tables. */
  readonly app: string;
}

/** A role of processes that log in, of a domain or of Polder itself. */
export type Login = Pick<DomainHome, "app">;

/** The role that owns what Polder keeps, the schemas of the domains among it; nobody logs in as it. */
export const POLDER_ROLE = "polder";

/** The names of a domain in a database: `order` lives in the schema `order` as `order_owner` and `order_app`. */
export function homeOf(domain: string): DomainHome {
  const schema = schemaName(domain);
  return { domain, schema, owner: `${schema}_owner`, app: `${schema}_app` };
}

/** What the logins begin with under which the domain's migrations run, each for one run. */
export function migratorPrefix({ schema }: DomainHome): string {
  return `${schema}_migrator_`;
}
