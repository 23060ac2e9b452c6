import { beginSubscription, type EventSource } from "@polder/bus";
import { type AnySchema, type Call, type Domain, declaredNeed, type Outcome, type Replica } from "@polder/model";
import type { Database } from "@polder/postgres";
import type { Build } from "../build/builds.ts";
import { noCrash, type ReadingCrashPoint } from "../crash-point.ts";
import { readingErrors } from "../errors.ts";
import { buildSchema, readingNames } from "../names.ts";
import { countNew } from "./count-new.ts";
import type { PartialRow } from "./fold-changes.ts";
import { writeChanges } from "./write-changes.ts";

/** What {@link fillReplica} needs. */
export interface FillOptions {
  readonly domain: Domain;
  readonly replica: Replica;
  readonly build: Pick<Build, "build" | "subscription">;
  /** The domain's database, as its own role. */
  readonly database: Database;
  /** The log of the owner, by whose events it is kept. */
  readonly source: EventSource;
  /** Clients of the APIs that the domain needs. */
  readonly call: Call<Domain>;
  /** UUID of this process's instance of the domain. */
  readonly instance: string;
  /** Without a page for this long the filling counts as abandoned, in milliseconds. */
  readonly leaseMs: number;
  readonly signal: AbortSignal;
  readonly crashPoint?: ReadingCrashPoint;
}

/** How a filling went: whether all is there now, or somebody else is at it. */
export type Filled = "filled" | "elsewhere";

/**
 * Pages in a row that may bring no row that was not there, before the filling gives up for this time: else it would never
 * end where an owner's pages go round in a circle. One that is right, but finds nothing to keep for so long, goes on from
 * there with the next attempt.
 */
const IDLE_PAGES_MAX = 1_000;

/**
 * Fills a replica with what its owner has now, page by page, and goes on where another process has stopped.
 *
 * Before the first page its subscription begins, at the end of the log. So each page is at least as new as that, and what
 * has changed since comes as events, which are handled when the last page is there: they set what they know, so it does no
 * harm that a page may have shown it already.
 *
 * @throws what the call of a page throws; what is there by then stays, and the next attempt goes on from it.
 */
export async function fillReplica(options: FillOptions): Promise<Filled> {
  const claimed = await claim(options);
  if (typeof claimed === "string") return claimed;
  try {
    return await fillFrom(options, claimed.page);
  } finally {
    await release(options).catch(() => undefined);
  }
}

async function fillFrom(options: FillOptions, from: Page): Promise<Filled> {
  const { domain, replica, build, database, source, signal, crashPoint = noCrash } = options;
  const stream = { consumer: domain.name, subscription: build.subscription };
  await beginSubscription(stream, { database, source, from: "now" });
  await crashPoint("fill:begun");
  let idlePages = 0;
  for (let page = from; ; ) {
    signal.throwIfAborted();
    if (idlePages === IDLE_PAGES_MAX) throw pagesGoOn(options, page);
    const { items, next } = await askForPage(options, page);
    if (next !== undefined && next === page) throw pagesStandStill(options, page);
    const rows = items.flatMap((item): PartialRow | readonly PartialRow[] => replica.fill.row(item as never) ?? []);
    refuseHalfRows(options, rows);
    await crashPoint("fill:before-commit");
    const stored = await store(options, { rows, page, next });
    await crashPoint("fill:after-commit");
    if (stored === undefined) return "elsewhere";
    idlePages = stored.newRows > 0 ? 0 : idlePages + 1;
    if (next === undefined) break;
    page = next;
  }
  await crashPoint("fill:filled");
  return "filled";
}

type Page = string | number | undefined;

/** Takes the filling over unless another process is at it; gives where it stands. */
async function claim({ domain, build, database, instance, leaseMs }: FillOptions): Promise<{ page: Page } | Filled> {
  const sql = readingNames(domain.name);
  const { rows } = await database.query<{ page: string | number | null }>(
    `update ${sql.build} set filler = $2, filler_until = now() + make_interval(secs => $3)
where build = $1 and filled_at is null and (filler is null or filler = $2 or filler_until < now())
returning page`,
    [build.build, instance, leaseMs / 1_000],
  );
  const [found] = rows;
  if (found !== undefined) return { page: found.page ?? undefined };
  const standing = await database.query<{ filled: boolean }>(
    `select filled_at is not null as filled from ${sql.build} where build = $1`,
    [build.build],
  );
  return standing.rows[0]?.filled === true ? "filled" : "elsewhere";
}

/** Lets another process go on at once. Should it fail, the lease expires. */
async function release({ domain, build, database, instance }: FillOptions): Promise<void> {
  const sql = readingNames(domain.name);
  await database.query(`update ${sql.build} set filler = null where build = $1 and filler = $2`, [
    build.build,
    instance,
  ]);
}

interface PageOfItems {
  readonly items: readonly unknown[];
  readonly next: Page;
}

type AnyClient = Readonly<Record<string, (input: object, options: object) => Promise<Outcome<AnySchema, never>>>>;

async function askForPage({ domain, replica, call, signal }: FillOptions, page: Page): Promise<PageOfItems> {
  const { api, operation } = replica.fill.query;
  const need = declaredNeed(domain, api);
  const declared = need?.contract.kind === "api" ? need.contract.versions[need.version]?.[operation] : undefined;
  const pages = declared?.pages;
  if (need?.contract.kind !== "api" || pages === undefined) throw new Error(`${api}.${operation} has no pages`);
  const client = call(need.contract as never) as unknown as AnyClient;
  const input = { ...replica.fill.input, ...(page === undefined ? {} : { [pages.after]: page }) };
  const outcome = await client[operation]?.(input, { signal });
  if (outcome?.ok !== true || outcome.fallback !== undefined) throw pageRefused({ domain, replica }, outcome);
  const answer = outcome.value as Readonly<Record<string, unknown>>;
  const next = (answer[pages.next] ?? undefined) as Page;
  return { items: answer[pages.items] as readonly unknown[], next };
}

interface StoredPage {
  readonly rows: readonly PartialRow[];
  readonly page: Page;
  readonly next: Page;
}

/** Rows and the place to go on from are one commit; gives how many are new, or nothing where the filling is no longer ours. */
async function store(
  options: FillOptions,
  { rows, page, next }: StoredPage,
): Promise<{ readonly newRows: number } | undefined> {
  const { domain, replica, build, database, instance, leaseMs } = options;
  const sql = readingNames(domain.name);
  const transaction = database.begin("read write", { schema: buildSchema(domain.name, build.build) });
  try {
    const newRows = await countNew(transaction, replica, rows);
    const moved = await transaction.query(
      `update ${sql.build}
set page = $3, filled = filled + $4, filler_until = now() + make_interval(secs => $5),
    filled_at = case when $3::json is null then now() end
where build = $1 and filler = $2 and filled_at is null and page::text is not distinct from $6::json::text`,
      [build.build, instance, asJson(next), newRows, leaseMs / 1_000, asJson(page)],
    );
    if (moved.rowCount !== 1) {
      await transaction.rollback();
      return undefined;
    }
    if (rows.length > 0) await writeChanges(transaction, replica, rows);
    await transaction.commit();
    return { newRows };
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}

/** A row that lacks what its table must have would not be there at all, and nobody would be told. */
function refuseHalfRows({ domain, replica }: FillOptions, rows: readonly PartialRow[]): void {
  const wanted = Object.entries({ ...replica.key, ...replica.columns }).filter(([, type]) => !type.endsWith(" null"));
  for (const row of rows) {
    const lacking = wanted.filter(([column]) => row[column] === undefined).map(([column]) => column);
    if (lacking.length > 0)
      throw readingErrors.REPLICA_UNFILLED(
        `The replica "${replica.name}" of "${domain.name}" cannot be filled: its "fill.row" makes rows without ${lacking.join(", ")}. Have it give every column that cannot be null, or nothing where the item is not to be kept.`,
        { domain: domain.name, name: replica.name },
      );
  }
}

function asJson(page: Page): string | null {
  return page === undefined ? null : JSON.stringify(page);
}

function pagesStandStill({ domain, replica }: FillOptions, page: Page): Error {
  const { api, operation } = replica.fill.query;
  return readingErrors.REPLICA_UNFILLED(
    `The replica "${replica.name}" of "${domain.name}" cannot be filled: after ${JSON.stringify(page)}, ${api}.${operation} gives a page after which the same one would come again. Its owner must page by a key that moves on.`,
    { domain: domain.name, name: replica.name },
  );
}

function pagesGoOn({ domain, replica }: FillOptions, page: Page): Error {
  const { api, operation } = replica.fill.query;
  return readingErrors.REPLICA_UNFILLED(
    `The replica "${replica.name}" of "${domain.name}" is not filled yet: ${IDLE_PAGES_MAX} pages of ${api}.${operation} in a row, up to the one after ${JSON.stringify(page)}, have brought nothing that was not there before. Its owner must page by a key that moves on, and end.`,
    { domain: domain.name, name: replica.name },
  );
}

function pageRefused({ domain, replica }: Pick<FillOptions, "domain" | "replica">, outcome: unknown): Error {
  const { api, operation } = replica.fill.query;
  const { refusal = "a fallback" } = (outcome ?? {}) as { readonly refusal?: string };
  return readingErrors.REPLICA_UNFILLED(
    `The replica "${replica.name}" of "${domain.name}" cannot be filled: ${api}.${operation} answered ${refusal} instead of a page.`,
    { domain: domain.name, name: replica.name },
  );
}
