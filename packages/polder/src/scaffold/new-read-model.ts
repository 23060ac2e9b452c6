import { join } from "node:path";
import { type AnyEvent, domainOf, jsonSchemaOf } from "@polder/model";
import type { Project } from "@polder/runtime";
import type { Changes } from "./changes.ts";
import { type Column, columnsOf, snakeCase } from "./column.ts";
import { beginEdits, changesOf, testCast } from "./domain-place.ts";
import { refuseNames } from "./names.ts";
import { beforeItRuns, newCopy, putCopy } from "./new-copy.ts";
import { needContract, type PublishedContract, publishedEventPlaces, versionNeeded } from "./published-contract.ts";
import { type ProjectedEvent, readModelFile, readModelTest } from "./read-model-files.ts";

/** A read model of a domain, `domain/name`, of events of other domains and its own, with its test. */
export async function newReadModel(project: Project, path: string, events: readonly string[]): Promise<Changes> {
  const copy = await newCopy(project, path, events);
  const { place, name } = copy;
  const domain = place.loaded.name;
  if (events.every((event) => domainOf(event) === domain)) {
    const problem = `are all of "${domain}" itself, which has its own tables; name an event of another domain as well`;
    refuseNames([{ place: "--events", problem }]);
  }
  const edits = beginEdits(project.loaded.directory);
  const found = await publishedEventPlaces(project, events, "--events");
  for (const event of found) await needContract(edits, place, event);
  await putCopy(edits, copy, "readModels");
  const test = join(project.loaded.directory, "test", `${domain}-${name}.test.ts`);
  const others = [...new Set(events.map(domainOf))].filter((other) => other !== domain);
  const cast = await testCast(project, { place, test, besides: others });
  const shape = projection(found.map((event) => ({ ...event, version: versionNeeded(place, event.published) })));
  const make = new Map([
    [join(place.loaded.folder, `${name}.ts`), readModelFile(copy, shape)],
    [test, readModelTest({ copy, shape, test, cast })],
  ]);
  return changesOf(edits, make, [
    `take out of ${name}.ts what nobody reads; a row stands for all that has the same key`,
    beforeItRuns,
    `node --test test/${domain}-${name}.test.ts`,
  ]);
}

type VersionedEvent = PublishedContract<AnyEvent> & { readonly version: string };

/** Which columns the table has, and which of them each event sets. */
function projection(found: readonly VersionedEvent[]): {
  readonly key: Pick<Column, "name" | "type">;
  readonly events: readonly ProjectedEvent[];
} {
  const keys = found.map((event) => keyOf(event, columnsDeclared(event)));
  const isOneType = new Set(keys.map(({ type }) => type)).size === 1;
  const key = { name: keys[0]?.name ?? "key", type: isOneType ? (keys[0]?.type ?? "text") : "text" };
  const taken = new Map<string, { readonly column: Column; readonly domain: string }>();
  const events = found.map((event, index): ProjectedEvent => {
    const domain = domainOf(event.published.name);
    const columns = columnsDeclared(event)
      .filter(({ field }) => field !== event.published.key)
      .map((column) => {
        // Events of one domain tell of the same thing by the same word; those of two may not.
        const isFree = (name: string): boolean => {
          const other = taken.get(name);
          return (
            name !== key.name && (other === undefined || (other.domain === domain && other.column.type === column.type))
          );
        };
        const names = [column.name, `${snakeCase(domain)}_${column.name}`];
        const name = names.find(isFree) ?? `${snakeCase(event.published.name)}_${column.name}`;
        const isNew = !taken.has(name);
        const own = { ...column, name };
        taken.set(name, { column: own, domain });
        return { ...own, isNew };
      });
    return { ...event, columns, keyIsText: !isOneType && keys[index]?.type !== "text" };
  });
  return { key, events };
}

function columnsDeclared({ published, version }: VersionedEvent): readonly Column[] {
  const schema = published.versions[version];
  return schema === undefined ? [] : columnsOf(jsonSchemaOf(schema, "output"));
}

function keyOf({ published }: VersionedEvent, columns: readonly Column[]): Pick<Column, "name" | "type"> {
  return columns.find(({ field }) => field === published.key) ?? { name: "key", type: "text" };
}
