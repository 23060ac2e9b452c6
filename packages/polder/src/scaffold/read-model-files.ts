import { type AnyEvent, domainOf, schemaName } from "@polder/model";
import { type Column, isAsInContracts, sqlName } from "./column.ts";
import { importPath, type TestCast } from "./domain-place.ts";
import { fieldsOf, objectBetween } from "./example-value.ts";
import { LINE_LENGTH_MAX } from "./insert.ts";
import type { NewCopy } from "./new-copy.ts";
import { importsOf } from "./piece-files.ts";
import { exampleOf, type PublishedContract } from "./published-contract.ts";

/** An event, and what a read model takes from it. */
export interface ProjectedEvent extends PublishedContract<AnyEvent> {
  /** At which it is delivered. */
  readonly version: string;
  /** Without the key; new are those that no event before has. */
  readonly columns: readonly (Column & { readonly isNew: boolean })[];
  /** Whether its key is written as text, which it is not. */
  readonly keyIsText: boolean;
}

/** The table of a read model, and what each event sets in it. */
export interface ReadModelShape {
  readonly key: Pick<Column, "name" | "type">;
  readonly events: readonly ProjectedEvent[];
}

/** A new read model. */
export function readModelFile({ place, name, constant, table }: NewCopy, { key, events }: ReadModelShape): string {
  const columns = events.flatMap(({ published, columns }) => {
    const added = columns.filter(({ isNew }) => isNew);
    if (added.length === 0) return [];
    const [first, ...rest] = added.map((column) => `${sqlName(column.name)} ${column.type}`);
    return [`-- Of ${published.name}; null until it has told.\n      ${first}`, ...rest];
  });
  const all = [`${sqlName(key.name)} ${key.type} primary key`, ...columns];
  return `import { readModel } from "polder";
import { ${place.constant} } from "./domain.ts";

/** Has a row for each key, whichever event tells of it first. Raise version whenever its table or handlers change. */
export const ${constant} = readModel(${place.constant}, "${name}", {
  version: 1,
  tables: \`
    create table ${sqlName(table)} (
      ${all.join(",\n      ")}
    )\`,
  each: {
${events.map((event) => projectionHandler(table, key.name, event)).join("\n")}
  },
});
`;
}

function projectionHandler(table: string, key: string, { published, columns, keyIsText }: ProjectedEvent): string {
  const keyValue = keyIsText ? `\${String(data.${published.key})}` : `\${data.${published.key}}`;
  const names = [key, ...columns.map(({ name }) => name)].map(sqlName);
  const sqlSets = names
    .slice(1)
    .map((name) => `${name} = excluded.${name}`)
    .join(",\n          ");
  return `    "${published.name}": async ({ event: { data }, tx }) => {
      await tx.sql\`
        insert into ${sqlName(table)} (${listed(names)})
        values (${listed([keyValue, ...columns.map(valueCode)])})
        on conflict (${sqlName(key)}) do ${sqlSets === "" ? "nothing" : `update\n        set ${sqlSets}`}
      \`;
    },`;
}

/** A list of SQL: on one line where it is short, else an item a line. */
function listed(items: readonly string[]): string {
  const line = items.join(", ");
  return line.length <= 80 ? line : `\n          ${items.join(",\n          ")}\n        `;
}

function valueCode({ field, type, isNullable }: Column): string {
  const value = `data.${field}${isNullable ? " ?? null" : ""}`;
  return type === "jsonb" ? `\${JSON.stringify(${value})}::jsonb` : `\${${value}}`;
}

/** What the test of a new read model is written of. */
interface TestedReadModel {
  readonly copy: NewCopy;
  readonly shape: ReadModelShape;
  /** The path of the test. */
  readonly test: string;
  readonly cast: TestCast;
}

/** The test of a new read model: a test for each event of another domain. */
export function readModelTest({ copy, shape, test, cast }: TestedReadModel): string {
  const told = shape.events.filter(({ published }) => domainOf(published.name) !== copy.place.loaded.name);
  const contracts = told.map(({ constant, publisher }) => ({
    name: constant,
    from: importPath(test, publisher.contract),
  }));
  return `import assert from "node:assert/strict";
import { test } from "node:test";
import { standInFor, startTestHost } from "polder/testing";
${importsOf(contracts, cast.imports)}

${told.map((event) => eventTest(copy, shape.key, event, cast)).join("\n")}`;
}

function eventTest(copy: NewCopy, key: ReadModelShape["key"], event: ProjectedEvent, cast: TestCast): string {
  const { published, constant, version, columns } = event;
  const example = exampleOf(published) as Readonly<Record<string, unknown>>;
  // What a converter makes of the example is not known here.
  const told = version === published.newest ? [{ ...key, field: published.key }, ...columns] : [];
  const compared = told.filter((column) => isAsInContracts(column));
  const expected = Object.fromEntries(
    compared.map(({ name, field, type }) => {
      const value = example[field] ?? null;
      return [name, type === "text" && value !== null ? String(value) : value];
    }),
  );
  return `test("${copy.name} shows ${published.name}", async () => {
  await using running = await startTestHost({
    from: import.meta.dirname,
    implementations: [${cast.implementations}],
  });
${objectBetween(`  await running.publish(${constant}, `, fieldsOf(example), ");")}
  await running.settled();
${rowsCode("const rows", copy, Object.keys(expected))}
${rowsAssertion("rows", expected)}
});
`;
}

/** The statement of a test that reads a table of a domain; without columns it says that a row is there. */
export function rowsCode(before: string, { place, table }: NewCopy, columns: readonly string[]): string {
  const sqlColumns = columns.length === 0 ? "true as there" : columns.map(sqlName).join(", ");
  const sqlTable = `${schemaName(place.loaded.name)}.${sqlName(table)}`;
  const sql = `select ${sqlColumns} from ${sqlTable}`;
  const text = sql.includes('"') ? `'${sql}'` : `"${sql}"`;
  const call = `  ${before} = await running.database.rows(`;
  const line = `${call}${text});`;
  return line.length <= LINE_LENGTH_MAX ? line : `${call}\n    ${text},\n  );`;
}

/** The statement of a test that expects one row. */
export function rowsAssertion(rows: string, expected: object): string {
  const fields = Object.keys(expected).length === 0 ? ["there: true"] : fieldsOf(expected);
  const line = `  assert.deepEqual(${rows}, [{ ${fields.join(", ")} }]);`;
  if (line.length <= LINE_LENGTH_MAX) return line;
  return `  assert.deepEqual(${rows}, [\n    {\n${fields.map((field) => `      ${field},\n`).join("")}    },\n  ]);`;
}
