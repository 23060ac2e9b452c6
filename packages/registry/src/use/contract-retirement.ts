import type { Reader } from "@polder/model";

/** Somebody who still used a contract when it was retired. */
export interface RetiredUser {
  readonly consumer: string;
  readonly environment: string;
}

/** That a major version of a contract has been retired. */
export interface ContractRetirement {
  readonly contract: string;
  readonly major: number;
  readonly by: string;
  /** Why it was retired although somebody used it, or nobody could know. */
  readonly reason: string | null;
  /** Those who used it all the same; empty where nobody did. */
  readonly users: readonly RetiredUser[];
}

/** Writes down that a major is retired, as the administrator of the database of the contract's domain. */
export async function recordRetirement(
  admin: Pick<Reader, "query">,
  { contract, major, by, reason, users }: ContractRetirement,
): Promise<Date> {
  const { rows } = await admin.query<{ readonly at: Date }>(
    `insert into polder.contract_retirement (contract, major, by_whom, reason, users)
values ($1, $2, $3, $4, $5)
returning at`,
    [contract, major, by, reason, JSON.stringify(users)],
  );
  const [recorded] = rows;
  if (recorded === undefined) throw new Error("an insert gives the row that it has made");
  return recorded.at;
}

/** The last retirement of each major of a contract, from the oldest major. */
export async function retirementsOf(
  database: Pick<Reader, "query">,
  contract: string,
): Promise<readonly (ContractRetirement & { readonly at: Date })[]> {
  const { rows } = await database.query<ContractRetirement & { readonly at: Date }>(
    `select distinct on (major) contract, major, at, by_whom as by, reason, users
from polder.contract_retirement
where contract = $1
order by major, at desc`,
    [contract],
  );
  return rows;
}
