import { type ProjectDatabase, projectDatabase } from "polder/testing";
import { audit } from "../audit.ts";

/** A database of its own with the homes of all domains of the shop, and nothing in them. */
export interface ShopDatabase extends ProjectDatabase {
  /** The subscriptions that a process holds leases on. */
  readonly leasesOf: (pid: number) => Promise<readonly string[]>;
  /** What the auditor finds, in one snapshot. */
  readonly audit: (options: { readonly settled: boolean }) => Promise<readonly string[]>;
}

/** Makes a database on the server of this test run; with `own` on one that nobody else uses. */
export async function shopDatabase(options: { readonly own?: string } = {}): Promise<ShopDatabase> {
  const database = await projectDatabase({ from: import.meta.dirname, ...options });
  const { admin, implementations } = database;
  return {
    ...database,
    leasesOf: async (pid) => {
      const sql = implementations.map(
        ({ domain: { name } }) => `
        select '${name}.' || subscription as name
        from "${name}"._checkpoint join "${name}"._instance on id = owner
        where pid = ${pid}`,
      );
      const { rows } = await admin.query<{ name: string }>(sql.join("\nunion "));
      return rows.map(({ name }) => name);
    },
    audit: async (how) => {
      const snapshot = admin.begin("snapshot");
      try {
        return await audit(async (sql) => (await snapshot.query(sql)).rows, how);
      } finally {
        await snapshot.rollback();
      }
    },
  };
}
