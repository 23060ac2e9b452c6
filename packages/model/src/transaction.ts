import type { Domain, PublishedEvent } from "./domain.ts";
import type { Event } from "./event.ts";
import type { SagaAnswers, SagaInput, SagaRef, Started } from "./saga-ref.ts";
import type { SchemaInput } from "./schema.ts";

/** Rows of a result, with the number of rows that the statement touched. */
export type Rows<Row> = readonly Row[] & { readonly count: number };

/** What `query` answers: the part of a `pg` result that query builders rely on. */
export interface QueryResult<Row> {
  readonly rows: Row[];
  readonly rowCount: number | null;
  readonly command: string;
}

/** Reads a domain's own tables, as the domain's own role. */
export interface Reader {
  /**
   * Runs a statement written as a template: every value becomes a parameter, none is spliced into the
   * text. ``const [stock] = await tx.sql<Stock>`select … where sku = ${sku}` ``
   */
  readonly sql: <Row = Record<string, unknown>>(
    text: TemplateStringsArray,
    ...values: readonly unknown[]
  ) => Promise<Rows<Row>>;
  /** Runs a statement with `$1` parameters; shaped as `pg`'s, for Kysely, Drizzle and the like. */
  readonly query: <Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ) => Promise<QueryResult<Row>>;
}

/** The payload that a writer hands in for an event: its newest version, defaults may be left out. */
export type EventInput<E> =
  E extends Event<string, infer Versions> ? SchemaInput<Versions[E["newest"] & keyof Versions]> : never;

/**
 * The one transaction of a command or of a delivery. It begins with the first statement and ends with
 * the handler: committed when the handler answers, rolled back when it refuses or throws.
 */
export interface Transaction<D extends Domain = Domain> extends Reader {
  /**
   * Publishes an event in this transaction: it is written to the outbox when the handler has
   * answered, so it is there if and only if the state change is. Gives the event's id.
   *
   * @throws `CONTRACT_VIOLATED` where the payload is not what the event's newest version says,
   * `EVENT_TOO_LARGE` above 1 MiB, `NOT_DECLARED` where the domain does not publish the event.
   */
  readonly publish: <E extends PublishedEvent<D>>(event: E, data: EventInput<E>) => string;
  /**
   * Starts a saga of this domain in this transaction, under a key of 1 to 200 characters: a second start under the same
   * key is none. The handler of the operation that the saga answers returns what this gives.
   *
   * @throws `CONTRACT_VIOLATED` where the input is not what the saga is declared with, `NOT_DECLARED` where the
   * domain's implementation has no such saga.
   */
  readonly start: <S extends SagaRef<D["name"]>>(saga: S, key: string, input: SagaInput<S>) => Started<SagaAnswers<S>>;
}
