import type { QueryResult, Rows } from "@polder/model";
import type pg from "pg";

/** A statement with its parameters, as `pg` takes it. With a name, a connection prepares it once. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly name?: string;
}

/** Gives statements their names; see {@link statementNames}. */
export type StatementNames = (text: string) => string | undefined;

/** Statements that one database keeps prepared at most; those that come later are sent unprepared. */
const PREPARED_MAX = 1_000;

/** Remembers a name for each text, so that every connection prepares a statement once and plans it seldom. */
export function statementNames(): StatementNames {
  const names = new Map<string, string>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined || names.size >= PREPARED_MAX) return known;
    const name = `polder_${names.size}`;
    names.set(text, name);
    return name;
  };
}

/** The statement of a template: each value becomes a parameter. */
export function templateStatement(parts: TemplateStringsArray, values: readonly unknown[]): Statement {
  return { text: parts.reduce((text, part, index) => `${text}$${index}${part}`), values };
}

/** A statement as `pg` takes it. */
export function toConfig(statement: Statement): pg.QueryConfig {
  return {
    text: statement.text,
    values: [...statement.values],
    ...(statement.name === undefined ? {} : { name: statement.name }),
  };
}

/** The rows of a result, with the number of rows that the statement touched. */
export function toRows<Row>(result: QueryResult<Row>): Rows<Row> {
  return Object.assign(result.rows, { count: result.rowCount ?? 0 });
}
