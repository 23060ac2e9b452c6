import type { QueryResult, Rows } from "@polder/model";
import type pg from "pg";

/** A statement with its parameters. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Remembers under which name connections keep a statement prepared. */
export interface StatementNames {
  /** The name for a text, or nothing when it is to be sent unprepared. */
  readonly nameOf: (text: string) => string | undefined;
  /** Gives a text another name: what connections have prepared for it is out of date. */
  readonly renew: (text: string) => void;
}

/** Statements that one database keeps prepared at most; those that come later are sent unprepared. */
const PREPARED_MAX = 1_000;

/** Gives each text a name, so that every connection prepares it once and plans it seldom. */
export function statementNames(): StatementNames {
  const names = new Map<string, string>();
  let given = 0;
  const give = (text: string): string => {
    const name = `polder_${given}`;
    given += 1;
    names.set(text, name);
    return name;
  };
  return {
    nameOf: (text) => names.get(text) ?? (names.size < PREPARED_MAX ? give(text) : undefined),
    renew: (text) => {
      if (names.has(text)) give(text);
    },
  };
}

/** No statement has a name: none is kept prepared. */
export const unnamed: StatementNames = { nameOf: () => undefined, renew: () => undefined };

/** The statement of a template: each value becomes a parameter. */
export function templateStatement(parts: TemplateStringsArray, values: readonly unknown[]): Statement {
  return { text: parts.reduce((text, part, index) => `${text}$${index}${part}`), values };
}

/** A statement as `pg` takes it. With a name, a connection prepares it once. */
export function toConfig({ text, values }: Statement, names: StatementNames): pg.QueryConfig {
  const name = names.nameOf(text);
  return { text, values: [...values], ...(name === undefined ? {} : { name }) };
}

/** The rows of a result, with the number of rows that the statement touched. */
export function toRows<Row>(result: QueryResult<Row>): Rows<Row> {
  return Object.assign(result.rows, { count: result.rowCount ?? 0 });
}
