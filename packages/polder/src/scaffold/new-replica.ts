import { join } from "node:path";
import {
  type AnyEvent,
  type ApiCore,
  domainOf,
  itemOf,
  jsonSchemaOf,
  type Operation,
  publishedApis,
} from "@polder/model";
import type { Project } from "@polder/runtime";
import { commandErrors } from "../errors.ts";
import type { Changes } from "./changes.ts";
import { type Column, columnsOf } from "./column.ts";
import { beginEdits, changesOf, type DomainPlace, exportWhere, type TestCast, testCast } from "./domain-place.ts";
import { refuseNames } from "./names.ts";
import { beforeItRuns, type NewCopy, newCopy, putCopy } from "./new-copy.ts";
import { needContract, type PublishedContract, publishedEventPlaces, versionNeeded } from "./published-contract.ts";
import { type KeptByEvent, ownersInTests, type ReplicaShape, replicaFile, replicaTest } from "./replica-files.ts";

/** A replica of another domain's data, `domain/name`, filled page by page and kept by events, with its test. */
export async function newReplica(project: Project, path: string, events: readonly string[]): Promise<Changes> {
  const copy = await newCopy(project, path, events);
  const { place, name } = copy;
  const domain = place.loaded.name;
  const owner = ownerOf(domain, events);
  const edits = beginEdits(project.loaded.directory);
  const found = await publishedEventPlaces(project, events, "--events");
  const publisher = (found[0] as PublishedContract<AnyEvent>).publisher;
  const shape = await shapeOf(copy, publisher, found);
  await needContract(edits, place, shape.api, ", { essential: false }");
  for (const event of found) await needContract(edits, place, event);
  await putCopy(edits, copy, "replicas");
  const test = join(project.loaded.directory, "test", `${domain}-${name}.test.ts`);
  const castWith = (code: string): Promise<TestCast> =>
    testCast(project, { place, test, own: new Map([[owner, code]]) });
  const casts = { filled: await castWith(ownersInTests.filled), empty: await castWith(ownersInTests.empty) };
  const make = new Map([
    [join(place.loaded.folder, `${name}.ts`), replicaFile(copy, shape)],
    [test, replicaTest({ copy, shape, test, casts })],
  ]);
  const removing = shape.events.filter(({ isGone }) => isGone).map(({ published }) => published.name);
  return changesOf(edits, make, [
    `take out of ${name}.ts the columns that nobody reads, and say there how old they may be`,
    ...(removing.length === 0
      ? []
      : [`${removing.join(", ")} tells no column, so it is taken to say that a row is gone: see that it does`]),
    beforeItRuns,
    `node --test test/${domain}-${name}.test.ts`,
  ]);
}

/** The one domain whose data it is. */
function ownerOf(domain: string, events: readonly string[]): string {
  const [owner = "", ...others] = new Set(events.map(domainOf));
  const place = "--events";
  if (others.length > 0)
    refuseNames([
      {
        place,
        problem: `are of "${[owner, ...others].join('", "')}", and a replica holds the data of one domain; what is built from several is a read model`,
      },
    ]);
  if (owner === domain)
    refuseNames([{ place, problem: `are of "${domain}" itself, which has its own tables to read` }]);
  return owner;
}

interface PagedQuery {
  readonly api: ApiCore;
  readonly name: string;
  /** Of an item of its pages. */
  readonly columns: readonly Column[];
}

/** What the owner gives to fill it, and what each event tells of a row; throws `USAGE` with what the owner has to give. */
async function shapeOf(
  { place }: NewCopy,
  publisher: DomainPlace,
  found: readonly PublishedContract<AnyEvent>[],
): Promise<ReplicaShape> {
  const owner = publisher.loaded.name;
  const [first] = found;
  const field = first?.published.key ?? "";
  const told = found.map((event) => {
    const version = versionNeeded(place, event.published);
    const schema = event.published.versions[version];
    return {
      event: { ...event, version },
      columns: schema === undefined ? [] : columnsOf(jsonSchemaOf(schema, "output")),
    };
  });
  const keyless = told.filter(({ columns }) => !columns.some((column) => column.field === field && !column.isNullable));
  refuseNames(
    keyless.map(({ event }) => ({
      place: "--events",
      problem: `"${event.published.name}" does not tell "${field}", which is the key of "${first?.published.name}": nobody knows of which row it is`,
    })),
  );
  const query = pagedQueries(place, publisher).find(({ columns }) =>
    columns.some((column) => column.field === field && !column.isNullable && isSame(column, told[0]?.columns ?? [])),
  );
  const constant =
    query && (await exportWhere(publisher.contract, ({ kind, name }) => kind === "api" && name === query.api.name));
  if (query === undefined || constant === undefined)
    throw commandErrors.USAGE(
      `Nothing was made: "${owner}" has no query from which the replica could be filled. It has to give one that answers page by page, with "${field}" in each item: say in its contract pages: { after: "after", items: "…", next: "next" }, as docs/replicas.md shows. Until then, a read model can be built from the events alone: polder new read-model.`,
      { argument: "--events" },
    );
  // A column that no event tells of would grow old.
  const columns = query.columns
    .filter((column) => column.field !== field && told.some((event) => isSame(column, event.columns)))
    .map((column) => ({
      ...column,
      isNullable: column.isNullable || told.some((event) => mayLack(column, event.columns)),
    }));
  if (columns.length === 0)
    refuseNames([
      {
        place: "--events",
        problem: `tell nothing that "${query.api.name}.${query.name}" answers besides "${field}"; name one that does`,
      },
    ]);
  const events = told.map((one): KeptByEvent => {
    const known = columns.filter((column) => isSame(column, one.columns));
    return { ...one.event, columns: known, isGone: known.length === 0 };
  });
  const key = query.columns.find((column) => column.field === field) as Column;
  const version = versionNeeded(place, query.api);
  return { api: { publisher, published: query.api, constant }, version, query: query.name, key, columns, events };
}

/** The queries of a domain that answer page by page, as they are at the versions that another one needs. */
function pagedQueries(place: DomainPlace, publisher: DomainPlace): readonly PagedQuery[] {
  return publishedApis(publisher.loaded.implementation.domain).flatMap((api) => {
    const operations: readonly [string, Operation][] = Object.entries(api.versions[versionNeeded(place, api)] ?? {});
    return operations.flatMap(([name, { pages, output }]) => {
      const newest: Operation | undefined = api.versions[api.newest]?.[name];
      const item = pages && newest?.pages && itemOf(jsonSchemaOf(output, "output"), pages.items);
      // A replica has no column of the name gone.
      return item === undefined ? [] : [{ api, name, columns: columnsOf(item).filter((one) => one.name !== "gone") }];
    });
  });
}

function isSame({ field, type }: Column, among: readonly Column[]): boolean {
  return among.some((other) => other.field === field && other.type === type);
}

function mayLack({ field }: Column, among: readonly Column[]): boolean {
  return among.some((other) => other.field === field && other.isNullable);
}
