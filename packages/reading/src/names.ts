import { channelOf } from "@polder/bus";
import { homeOf, identifier, literal } from "@polder/postgres";

/** What a domain keeps of its read models and replicas, each name quoted for SQL. */
export interface ReadingNames {
  readonly schema: string;
  readonly schema_literal: string;
  readonly build: string;
  readonly switch_build: string;
  readonly drop_build: string;
  readonly withdraw: string;
  readonly checkpoint: string;
  readonly parked: string;
  readonly app: string;
  readonly channel: string;
}

/** The names of one domain's objects. They are called `sql` where they are used, since they are pieces of SQL. */
export function readingNames(domain: string): ReadingNames {
  const { schema, app } = homeOf(domain);
  return {
    schema: identifier(schema),
    schema_literal: literal(schema),
    build: identifier(schema, "_build"),
    switch_build: identifier(schema, "_switch_build"),
    drop_build: identifier(schema, "_drop_build"),
    withdraw: identifier(schema, "_withdraw"),
    checkpoint: identifier(schema, "_checkpoint"),
    parked: identifier(schema, "_parked"),
    app: identifier(app),
    channel: literal(channelOf(domain)),
  };
}

/**
 * The schema in which the tables of a build lie, beside the domain's own: `storefront__build_3`. No domain's schema has two
 * underscores in a row.
 */
export function buildSchema(domain: string, build: number): string {
  return `${homeOf(domain).schema}__build_${build}`;
}
