import { homeOf, identifier } from "@polder/postgres";

/** What a domain keeps of its sagas, each name quoted for SQL. */
export interface SagaNames {
  readonly saga: string;
  readonly step: string;
  readonly news: string;
  readonly hold: string;
  readonly instance: string;
  readonly app: string;
}

/** The names of the tables of one domain's sagas. They are called `sql` where they are used, since they are pieces of SQL. */
export function sagaNames(domain: string): SagaNames {
  const { schema, app } = homeOf(domain);
  return {
    saga: identifier(schema, "_saga"),
    step: identifier(schema, "_saga_step"),
    news: identifier(schema, "_saga_news"),
    hold: identifier(schema, "_saga_hold"),
    instance: identifier(schema, "_instance"),
    app: identifier(app),
  };
}
