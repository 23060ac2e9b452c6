import {
  type AnyEvent,
  type ApiCore,
  domainOf,
  itemOf,
  type JsonSchema,
  jsonSchemaOf,
  type Operation,
} from "@polder/model";
import { type Column, isAsInContracts } from "./column.ts";
import { importPath, type TestCast } from "./domain-place.ts";
import { exampleValue, fieldsOf, keyCode, objectBetween } from "./example-value.ts";
import type { NewCopy } from "./new-copy.ts";
import { importsOf } from "./piece-files.ts";
import { exampleOf, type PublishedContract } from "./published-contract.ts";
import { rowsAssertion, rowsCode } from "./read-model-files.ts";

/** An event of the owner, and what it tells of a row. */
export interface KeptByEvent extends PublishedContract<AnyEvent> {
  /** At which it is delivered. */
  readonly version: string;
  /** Those of the replica that it tells, without the key. */
  readonly columns: readonly Column[];
  /** Whether it tells that the row is gone. */
  readonly isGone: boolean;
}

/** What a replica holds, from where it is filled, and by which events it is kept. */
export interface ReplicaShape {
  readonly api: PublishedContract<ApiCore>;
  /** At which the API is needed. */
  readonly version: string;
  /** The name of the query that answers page by page. */
  readonly query: string;
  readonly key: Column;
  readonly columns: readonly Column[];
  readonly events: readonly KeptByEvent[];
}

/** A new replica. */
export function replicaFile({ place, name, constant }: NewCopy, shape: ReplicaShape): string {
  const { api, query, key, columns, events } = shape;
  const types = columns.map(({ name, type, isNullable }) => `${name}: "${type}${isNullable ? " null" : ""}"`);
  const words = events.some(({ isGone }) => isGone) ? "gone, replica" : "replica";
  const input = otherInput(shape);
  const row = (before: string, from: string, known: readonly Column[], after: string): string =>
    objectBetween(
      before,
      known.map((column) => fieldCode(column, from)),
      after,
    );
  const handlers = events.map(({ published, columns: known, isGone }) =>
    row(`    "${published.name}": (data) => ${isGone ? "gone" : ""}(`, "data", [key, ...known], "),"),
  );
  return `import { ${words} } from "polder";
import { ${api.constant} } from "${importPath(place.domain, api.publisher.contract)}";
import { ${place.constant} } from "./domain.ts";

/** Holds no more of ${api.publisher.loaded.name} than somebody reads here. */
export const ${constant} = replica(${place.constant}, "${name}", {
  key: { ${key.name}: "${key.type}" },
${objectBetween("  columns: ", types, ",")}
  fill: {
    query: ${api.constant}.${query},
${input.length === 0 ? "" : `${objectBetween("    input: ", input, ",")}\n`}${row("    row: (item) => (", "item", [key, ...columns], "),")}
  },
  events: {
${handlers.join("\n")}
  },
  stalenessMaxMs: 60_000,
});
`;
}

function fieldCode({ name, field, isNullable }: Column, from: string): string {
  return `${name}: ${from}.${field}${isNullable ? " ?? null" : ""}`;
}

/** What the query must be asked for besides the page, as code. */
function otherInput({ api: { published }, query, version }: ReplicaShape): readonly string[] {
  const operation = operationOf(published, version, query);
  const { [operation.pages?.after ?? ""]: _, ...others } = exampleObject(jsonSchemaOf(operation.input, "input"));
  return fieldsOf(others);
}

/** What the test of a new replica is written of. */
interface TestedReplica {
  readonly copy: NewCopy;
  readonly shape: ReplicaShape;
  /** The path of the test. */
  readonly test: string;
  /** With an owner that has one item, and with one that has none. */
  readonly casts: { readonly filled: TestCast; readonly empty: TestCast };
}

/** The code with which a test has an owner that has one item, and one that has none. */
export const ownersInTests: { readonly filled: string; readonly empty: string } = {
  filled: "owner(item)",
  empty: "owner()",
};

/** The test of a new replica: one of how it is filled, and one for each event. */
export function replicaTest({ copy, shape, test, casts }: TestedReplica): string {
  const { api, query, events } = shape;
  const contracts = events.map(({ constant }) => ({ name: constant, from: importPath(test, api.publisher.contract) }));
  const filled = {
    title: `${copy.name} is filled from ${api.published.name}.${query}`,
    cast: casts.filled,
    expected: rowOf(shape, exampleItem(shape), shape.version === api.published.newest),
  };
  return `import assert from "node:assert/strict";
import { test } from "node:test";
import { standInFor, startTestHost } from "polder/testing";
${importsOf(contracts, casts.filled.imports)}

${objectBetween("const item = ", fieldsOf(exampleItem(shape)), ";")}

/** The owner, with these items on its one page. */
const owner = (...items: readonly object[]) =>
  standInFor(${api.publisher.constant}, {
    answers: {
${answersCode(copy, shape)}
    },
  });

${[replicaCase(copy, filled), ...events.map((event) => replicaCase(copy, eventCase({ copy, shape, casts }, event)))].join("\n")}`;
}

/** One test: what is published, if anything, and the row that is there then, if one is. */
interface ReplicaCase {
  readonly title: string;
  readonly cast: TestCast;
  readonly published?: string;
  readonly expected: object | undefined;
}

function eventCase({ copy, shape, casts }: Omit<TestedReplica, "test">, event: KeptByEvent): ReplicaCase {
  const { published, constant, columns, isGone, version } = event;
  const makesRow = !isGone && shape.columns.every((column) => column.isNullable || columns.includes(column));
  const example = exampleOf(published) as Readonly<Record<string, unknown>>;
  // A row that is there already keeps what the event does not tell.
  const row = makesRow ? { ...example } : { ...exampleItem(shape), ...example };
  return {
    title: `${copy.name} is kept by ${published.name}`,
    cast: makesRow ? casts.empty : casts.filled,
    published: objectBetween(`  await running.publish(${constant}, `, fieldsOf(example), ");"),
    expected: isGone ? undefined : rowOf(makesRow ? { ...shape, columns } : shape, row, version === published.newest),
  };
}

function replicaCase(copy: NewCopy, { title, cast, published, expected }: ReplicaCase): string {
  return `test("${title}", async () => {
  await using running = await startTestHost({
    from: import.meta.dirname,
    implementations: [${cast.implementations}],
  });
  await running.settled();
${published === undefined ? "" : `${published}\n  await running.settled();\n`}${rowsCode("const rows", copy, Object.keys(expected ?? {}))}
${expected === undefined ? "  assert.deepEqual(rows, []);" : rowsAssertion("rows", expected)}
});
`;
}

/** The part of a row that a test can compare; what a converter makes of an example is not known here. */
function rowOf(
  { key, columns }: Pick<ReplicaShape, "key" | "columns">,
  values: Readonly<Record<string, unknown>>,
  isNewest: boolean,
): object {
  const compared = isNewest ? [key, ...columns].filter(isAsInContracts) : [];
  return Object.fromEntries(compared.map(({ name, field }) => [name, values[field] ?? null]));
}

function answersCode({ place }: NewCopy, { api, query }: ReplicaShape): string {
  const { name, newest } = api.published;
  const { output, pages } = operationOf(api.published, newest, query);
  const schema = jsonSchemaOf(output, "output");
  const { [pages?.items ?? ""]: _items, [pages?.next ?? ""]: _next, ...others } = exampleObject(schema);
  const isNextRequired = ((schema["required"] ?? []) as readonly string[]).includes(pages?.next ?? "");
  const answer = [
    pages?.items === "items" ? "items" : `${keyCode(pages?.items ?? "")}: items`,
    ...(isNextRequired ? [`${keyCode(pages?.next ?? "")}: null`] : []),
    ...fieldsOf(others),
  ];
  const besides = place.loaded.implementation.domain.needs.filter(
    ({ contract, essential = true }) =>
      contract.kind === "api" &&
      contract.name !== name &&
      essential &&
      domainOf(contract.name) === api.publisher.loaded.name,
  );
  return [
    `      ${keyCode(name)}: {`,
    objectBetween(`        ${query}: async () => (`, answer, "),"),
    "      },",
    ...besides.map(({ contract }) => `      ${keyCode(contract.name)}: {},`),
  ].join("\n");
}

function exampleItem({ api, query }: ReplicaShape): Readonly<Record<string, unknown>> {
  const { output, pages } = operationOf(api.published, api.published.newest, query);
  return exampleObject(itemOf(jsonSchemaOf(output, "output"), pages?.items ?? "") ?? {});
}

function exampleObject(schema: JsonSchema): Readonly<Record<string, unknown>> {
  return Object(exampleValue(schema)) as Readonly<Record<string, unknown>>;
}

function operationOf({ name, versions }: ApiCore, version: string, query: string): Operation {
  const operation: Operation | undefined = versions[version]?.[query];
  if (operation === undefined) throw new Error(`${name} has no ${query} at ${version}`);
  return operation;
}
