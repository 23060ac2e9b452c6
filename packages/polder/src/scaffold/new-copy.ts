import { copyNameProblems, domainNameProblems, domainOf, eventNameProblems } from "@polder/model";
import type { Project } from "@polder/runtime";
import { snakeCase } from "./column.ts";
import { type DomainPlace, domainPlace, type Edits } from "./domain-place.ts";
import { camelCase, refuseNames } from "./names.ts";

/** A read model or a replica that is about to be made. */
export interface NewCopy {
  readonly place: DomainPlace;
  readonly name: string;
  /** Of its declaration in code. */
  readonly constant: string;
  /** Without quotes. */
  readonly table: string;
}

/** What `domain/name` and the events ask for; throws `USAGE` with everything that is wrong with the names. */
export async function newCopy(project: Project, path: string, events: readonly string[]): Promise<NewCopy> {
  const [domain = "", name = "", ...rest] = path.split("/");
  refuseNames([
    ...(rest.length === 0 ? [] : [{ place: "name", problem: `"${path}" has more than one slash; write domain/name` }]),
    ...domainNameProblems(domain, "name"),
    ...copyNameProblems(name, "name"),
    ...events.flatMap((event) => eventNameProblems(event, "--events")),
    ...events
      .filter((event, index) => events.indexOf(event) < index)
      .map((event) => ({ place: "--events", problem: `names "${event}" twice` })),
  ]);
  const place = await domainPlace(project, domain);
  const { aggregates, needs } = place.loaded.implementation.domain;
  const { readModels, replicas } = place.loaded.implementation;
  const table = snakeCase(name);
  const tables = aggregates.flatMap(({ root, parts }) => [root, ...parts]);
  const owners = new Set(events.map(domainOf));
  refuseNames([
    ...(tables.includes(table) ? [{ place: "name", problem: `"${table}" is a table of "${domain}" already` }] : []),
    ...([...readModels, ...replicas].some((copy) => copy.name === name)
      ? [{ place: "name", problem: `"${domain}" has a read model or replica "${name}" already` }]
      : []),
    ...needs
      .filter(({ contract, consistency }) => consistency === "strong" && owners.has(domainOf(contract.name)))
      .map(({ contract }) => ({
        place: "--events",
        problem: `"${domain}" needs "${contract.name}" with strong consistency, so nothing that may be behind stands beside it; ask the owner with a call`,
      })),
  ]);
  const constant = camelCase(name);
  return { place, name, table, constant: constant === place.constant ? `${constant}Rows` : constant };
}

/** What is to be done before one runs. */
export const beforeItRuns =
  "polder migrate makes its table, and polder provision gives the right to read the events; polder dev does both by itself";

/** Puts it into the implementation of its domain. */
export async function putCopy(edits: Edits, copy: NewCopy, list: "readModels" | "replicas"): Promise<void> {
  const { index, constant } = copy.place;
  await edits.importInto(index, `./${copy.name}.ts`, [copy.constant]);
  await edits.putIntoList(index, `implement(${constant}, {`, list, copy.constant);
}
