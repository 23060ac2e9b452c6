import { busDomainSteps, busNeedSteps, busSystemSteps } from "@polder/bus";
import { type Domain, domain, need, team } from "@polder/model";
import { type Database, homeOf, homeSteps, openDatabase, openSecrets, provision } from "@polder/postgres";
import type { BenchServer } from "../bench-server.ts";
import { OrderChanged, ordering } from "../events/contenders/polder-domains.ts";
import { tablesSql } from "../events/workload.ts";
import { type DomainName, databasesOf } from "./layout.ts";

const readers = team("Readers", { contact: "#readers" });

/** The domains by name. */
export const domains: Readonly<Record<DomainName, Domain>> = {
  ordering,
  billing: domain("billing", { owner: readers, capability: "Bill orders", needs: [need(OrderChanged, "1.0.0")] }),
  shipping: domain("shipping", { owner: readers, capability: "Ship orders", needs: [need(OrderChanged, "1.0.0")] }),
};

/** Where the server is, for a process of the benchmark: the passwords of roles are in the folder. */
export type Address = BenchServer["address"];

/** Opens a database as the administrator. */
export function openAdmin(address: Address, database: string): Database {
  return openDatabase({ ...address, database, connectionsMax: 2, statementTimeoutMs: 0 });
}

/** Opens the database of a layout in which `at` lives, with the role of `as`. */
export function openAs(address: Address, databases: number, as: DomainName, at: DomainName = as): Database {
  const { app, schema } = homeOf(as);
  const password = openSecrets({ directory: address.directory, env: {} }).get(app);
  const own = as === at ? { schema } : {};
  return openDatabase({ ...address, ...own, database: databasesOf(databases)[at], user: app, password });
}

/** Makes the databases of a layout: homes of the domains that live there, rights to read for those that do not. */
export async function setUpDatabases(address: Address, databases: number): Promise<void> {
  const secrets = openSecrets({ directory: address.directory, env: {} });
  const databaseOf = databasesOf(databases);
  const all = Object.keys(domains) as DomainName[];
  for (const database of new Set(Object.values(databaseOf))) {
    await using root = openAdmin(address, "postgres");
    await root.query(`create database ${database}`);
    await using admin = openAdmin(address, database);
    const here = all.filter((name) => databaseOf[name] === database);
    const isHere = (name: string): boolean => here.some((one) => one === name);
    await provision({
      admin,
      homes: here.map(homeOf),
      guests: isHere("ordering") ? all.filter((name) => !isHere(name)).map(homeOf) : [],
      scopes: [
        busSystemSteps(),
        ...here.map((name) => homeSteps(homeOf(name))),
        ...here.map((name) => busDomainSteps(name)),
        ...Object.values(domains).map((declared) => busNeedSteps(declared, isHere)),
      ],
      password: secrets.get,
    });
    const [makeAggregate = "", fill = "", makeSink = ""] = tablesSql({
      aggregates: "ordering.aggregate",
      sink: "billing.sink",
    });
    if (isHere("ordering")) {
      for (const text of [makeAggregate, fill, "grant select, update on ordering.aggregate to ordering_app"])
        await admin.query(text);
    }
    if (isHere("billing"))
      for (const text of [makeSink, "grant insert on billing.sink to billing_app"]) await admin.query(text);
  }
}
