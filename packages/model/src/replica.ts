import type { NeededOperation, NeededQuery } from "./composition.ts";
import { type Domain, declaredNeed, type NeededEvent, notDomainProblems } from "./domain.ts";
import type { Paging } from "./many-at-once.ts";
import { copyNameProblems, domainOf } from "./name.ts";
import type { Operation } from "./operation.ts";
import { type Problem, refuseProblems } from "./problems.ts";
import { stalenessProblems, versionProblems } from "./read-model.ts";
import type { SchemaInput, SchemaOutput } from "./schema.ts";
import type { NeededDelivery, SubscriptionOptions } from "./subscription.ts";

/** The types of a replica's columns, as PostgreSQL names them. */
const columnTypes = [
  "bigint",
  "boolean",
  "date",
  "integer",
  "jsonb",
  "numeric",
  "text",
  "timestamptz",
  "uuid",
] as const;

type TypeName = (typeof columnTypes)[number];

/** A column's type; one that may be null says so, as in `text null`. */
export type ColumnType = TypeName | `${TypeName} null`;

/** Columns by their names: lower-case letters, digits and underscores. */
export type Columns = Readonly<Record<string, ColumnType>>;

interface ValueOf {
  readonly bigint: string | number;
  readonly boolean: boolean;
  readonly date: string;
  readonly integer: number;
  readonly jsonb: unknown;
  readonly numeric: string | number;
  readonly text: string;
  readonly timestamptz: string;
  readonly uuid: string;
}

type Value<Type> = Type extends TypeName
  ? ValueOf[Type]
  : Type extends `${infer Name extends TypeName} null`
    ? ValueOf[Name] | null
    : never;

/** A row with these columns. */
export type RowOf<C extends Columns> = { readonly [Name in keyof C]: Value<C[Name]> };

/** Says that what had a key is gone. */
export interface Gone<Key = unknown> {
  readonly gone: Key;
}

/** Says that what had a key is gone: its row is deleted. */
export function gone<const Key>(key: Key): Gone<Key> {
  return { gone: key };
}

/**
 * What an event says of one row: its key and the columns that the event knows, or that it is gone; nothing where the event
 * says nothing of it. A row that is not there yet is made where all columns are known that cannot be null.
 */
export type Change<Key extends Columns, C extends Columns> =
  | (RowOf<Key> & Partial<RowOf<C>>)
  | Gone<RowOf<Key>>
  | undefined;

type PagedQuery<D extends Domain> = NeededQuery<D>;
type ItemOf<Op> = Op extends Operation & { readonly pages: infer Pages extends Paging }
  ? Pages["items"] extends keyof SchemaOutput<Op["output"]>
    ? SchemaOutput<Op["output"]>[Pages["items"]] extends readonly (infer Item)[]
      ? Item
      : never
    : never
  : never;
type FixedInput<Op> = Op extends Operation & { readonly pages: infer Pages extends Paging }
  ? Omit<SchemaInput<Op["input"]>, Pages["after"]>
  : never;

/** What the query asks for besides the page: it may be left out where none of it must be said. */
type FillInput<Input> = Record<never, never> extends Input ? { readonly input?: Input } : { readonly input: Input };

/** What a replica is declared with. */
export interface ReplicaShape<D extends Domain, Fill extends PagedQuery<D>, Key extends Columns, C extends Columns> {
  /** The column, or columns, by which a row is known. */
  readonly key: Key;
  /** The other columns: no more than somebody here reads. */
  readonly columns: C;
  /** From where it is filled at first, page by page. */
  readonly fill: {
    /** A query of the owner's API that answers page by page. */
    readonly query: Fill;
    /** Makes a row of an item of a page; nothing where it is not to be kept. Pure. */
    readonly row: (item: ItemOf<NeededOperation<D, Fill>>) => (RowOf<Key> & RowOf<C>) | undefined;
  } & FillInput<FixedInput<NeededOperation<D, Fill>>>;
  /** By which events of the owner it is kept: what each says of a row. Pure. */
  readonly events: {
    readonly [Name in NeededEvent<D>["name"]]?: (data: NeededDelivery<D, Name>["data"]) => Change<Key, C>;
  };
  /** How far behind it may be, in milliseconds; farther is logged, and seen in the metrics. */
  readonly stalenessMaxMs: number;
  /** Lists of columns that get an index besides the key. */
  readonly indexes?: readonly (readonly (keyof Key | keyof C)[])[];
  /** Raised when `row` or `events` change in what they give; a change of columns is seen by itself. Default 1. */
  readonly version?: number;
  readonly options?: Omit<SubscriptionOptions, "from">;
}

/** A small local copy of another domain's reference data, kept by that domain's events. */
export interface Replica<Name extends string = string> {
  readonly kind: "replica";
  readonly domain: string;
  /** With underscores it is the name of the table. */
  readonly name: Name;
  readonly version: number;
  readonly key: Columns;
  readonly columns: Columns;
  readonly fill: {
    readonly query: { readonly api: string; readonly operation: string };
    readonly input: Readonly<Record<string, unknown>>;
    readonly row: (item: never) => Readonly<Record<string, unknown>> | undefined;
  };
  readonly stalenessMaxMs: number;
  readonly indexes: readonly (readonly string[])[];
  /** The names of the events that it is kept by. */
  readonly events: readonly string[];
  readonly changes: Readonly<Record<string, (data: never) => unknown>>;
  readonly options: Omit<SubscriptionOptions, "from">;
}

/**
 * Declares a replica: a table with a few fields of another domain's data, filled from the owner's API and kept by its
 * events, and read with the domain's own SQL.
 *
 * @throws `DECLARATION_INVALID` with every mistake and its place.
 */
export function replica<
  D extends Domain,
  const Name extends string,
  Fill extends PagedQuery<D>,
  const Key extends Columns,
  const C extends Columns,
>(domain: D, name: Name, shape: ReplicaShape<D, Fill, Key, C>): Replica<Name> {
  const { key, columns, fill, events, stalenessMaxMs, indexes = [], version = 1, options = {} } = shape ?? {};
  const changes = (events ?? {}) as unknown as Replica["changes"];
  const declared: Replica<Name> = {
    kind: "replica",
    domain: domain?.name,
    name,
    version,
    key: key ?? {},
    columns: columns ?? {},
    fill: {
      query: fill?.query,
      input: (fill as { readonly input?: Replica["fill"]["input"] } | undefined)?.input ?? {},
      row: fill?.row as unknown as Replica["fill"]["row"],
    },
    stalenessMaxMs,
    indexes: indexes as Replica["indexes"],
    events: Object.keys(changes),
    changes,
    options,
  };
  refuseProblems(`the replica "${name}"`, replicaProblems(domain, declared));
  return declared;
}

const columnName = /^[a-z][a-z0-9_]{0,62}$/;
const known: ReadonlySet<string> = new Set(columnTypes.flatMap((type) => [type, `${type} null`]));

function replicaProblems(domain: Domain | undefined, declared: Replica): readonly Problem[] {
  const strange = notDomainProblems(domain);
  if (strange.length > 0 || domain === undefined) return strange;
  const { name, version, stalenessMaxMs, key, events } = declared;
  return [
    ...copyNameProblems(name, "name"),
    ...versionProblems(version),
    ...(stalenessMaxMs === undefined
      ? [{ place: "stalenessMaxMs", problem: "is missing: say how old what is read here may be, in milliseconds" }]
      : stalenessProblems(stalenessMaxMs)),
    ...columnProblems(declared),
    ...(Object.keys(key).length === 0
      ? [{ place: "key", problem: "is missing: by which column is a row known?" }]
      : []),
    ...Object.entries(key)
      .filter(([, type]) => String(type).endsWith(" null"))
      .map(([column]) => ({ place: `key.${column}`, problem: "is part of the key, so it cannot be null" })),
    ...(events.length === 0 ? [{ place: "events", problem: "is empty: by which events is it kept?" }] : []),
    ...fillProblems(domain, declared),
  ];
}

function columnProblems({ key, columns, indexes }: Replica): readonly Problem[] {
  const all = { ...columns, ...key };
  const of = (place: string, found: Columns): readonly Problem[] =>
    Object.entries(found).flatMap(([column, type]) => [
      ...(columnName.test(column) && column !== "gone"
        ? []
        : [
            {
              place: `${place}.${column}`,
              problem: "is no column's name: lower-case letters, digits and underscores, and not gone",
            },
          ]),
      ...(known.has(type)
        ? []
        : [{ place: `${place}.${column}`, problem: `"${type}" is no type; there are ${columnTypes.join(", ")}` }]),
    ]);
  return [
    ...of("key", key),
    ...of("columns", columns),
    ...Object.keys(columns)
      .filter((column) => Object.hasOwn(key, column))
      .map((column) => ({ place: `columns.${column}`, problem: "is in the key already" })),
    ...indexes.flatMap((index, at) =>
      index
        .filter((column) => !Object.hasOwn(all, column))
        .map((column) => ({ place: `indexes[${at}]`, problem: `"${column}" is no column` })),
    ),
  ];
}

function fillProblems(domain: Domain, { fill, events }: Replica): readonly Problem[] {
  const api = String(fill.query?.api);
  const need = declaredNeed(domain, api);
  const operation =
    need?.contract.kind === "api" ? need.contract.versions[need.version]?.[fill.query.operation] : undefined;
  const place = "fill.query";
  if (operation === undefined)
    return [{ place, problem: `asks "${api}", which "${domain.name}" does not need, or has no such query` }];
  const owner = domainOf(api);
  return [
    ...(operation.pages === undefined
      ? [
          {
            place,
            problem: `"${api}.${fill.query.operation}" does not answer page by page; its owner may say how with "pages"`,
          },
        ]
      : []),
    ...(typeof fill.row === "function" ? [] : [{ place: "fill.row", problem: "is no function" }]),
    ...events
      .filter((event) => domainOf(event) !== owner)
      .map((event) => ({
        place: "events",
        problem: `"${event}" is not of "${owner}", whose data this is; what is built from several domains is a read model`,
      })),
  ];
}
