import { growthSignal, planReplay, postgresSource, type ReplayFrom, type ReplayPlan, replay } from "@polder/bus";
import { domainOf } from "@polder/model";
import { type Database, openDatabase } from "@polder/postgres";
import { listBuilds } from "@polder/reading";
import { type LoadedDomain, selectDomains } from "@polder/runtime";
import { allSubscriptions, type WantedEvents } from "../all-subscriptions.ts";
import { commandErrors } from "../errors.ts";
import { openCommandProject, provisionedDatabase } from "./command-project.ts";
import type { Work } from "./work.ts";

/** The options of `polder events replay`. */
export interface ReplayOptions {
  readonly from: string;
  readonly publisher?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** `polder events replay`: sets one subscription back; what is under way is refused by its epoch. */
export function replayWork(name: string, options: ReplayOptions): Work {
  return async (input) => {
    const from = parseFrom(options.from);
    const [domain, subscription] = parseName(name);
    await using project = await openCommandProject(input);
    const [loaded] = selectDomains(project.domains, [domain]);
    const { adminOf, address } = await provisionedDatabase(project);
    // As the subscription's own role: PostgreSQL lets nobody else speak of its position.
    const how = { applicationName: "polder replay", connectionsMax: 1 };
    await using database = openDatabase({ ...address(domain), ...how });
    const wanted = { domain, subscription, publisher: options.publisher };
    const found = await findSubscription(loaded as LoadedDomain, database, wanted);
    const stream = { consumer: domain, subscription, publisher: found.publisher };
    await using reading = openDatabase({ ...address(found.publisher, domain), ...how });
    const source = postgresSource({ publisher: found.publisher, database: reading, growth: growthSignal() });
    const plan = await planReplay({ ...stream, events: found.events }, from, { adminOf, source });
    const what = describePlan(`${domain}/${subscription}`, found.publisher, plan);
    if (plan.skipped > 0) {
      throw commandErrors.USAGE(
        `--from ${options.from} is after position ${plan.reached}, which "${subscription}" has reached: it would never see ${counted(plan.skipped, "event")}. A replay goes back; nothing was done.`,
        { argument: "--from" },
      );
    }
    const data = { ...stream, ...plan, done: options.dryRun !== true };
    if (options.dryRun === true) return { data, text: `${what}\nNothing was done.` };
    if (options.yes !== true) {
      throw commandErrors.USAGE(`${what}\nNothing was done yet. Say --yes to do it, or --dry-run only to look.`, {
        argument: "--yes",
      });
    }
    await replay(stream, from, { database, source });
    return { data, text: `${what}\nDone: the running processes go on from there.` };
  };
}

function describePlan(name: string, publisher: string, { after, reached, again, parked }: ReplayPlan): string {
  const events = Object.entries(again);
  const sum = events.reduce((total, [, count]) => total + count, 0);
  const listed = events.map(([event, count]) => `  ${event.padEnd(40)} ${count}`);
  return [
    `${name} goes back in the log of "${publisher}" from position ${reached} to ${after}. ${counted(sum, "event")} will be handled again${listed.length === 0 ? "." : ":"}`,
    ...listed,
    ...(parked === 0 ? [] : [`${counted(parked, "parked event")} will be tried anew.`]),
  ].join("\n");
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

interface Found {
  readonly publisher: string;
  readonly events: readonly string[];
}

async function findSubscription(
  { implementation }: LoadedDomain,
  database: Database,
  {
    domain,
    subscription,
    publisher,
  }: { readonly domain: string; readonly subscription: string; readonly publisher: string | undefined },
): Promise<Found> {
  const all = await replayable(database, implementation);
  const declared = all.find((one) => one.name === subscription);
  if (declared === undefined) {
    const copied = [...implementation.readModels, ...implementation.replicas].find(({ name }) => name === subscription);
    const names = all.map((one) => one.name).join(", ") || "none";
    const what =
      copied === undefined
        ? ""
        : ` "${subscription}" is a ${copied.kind}: "polder read-models rebuild ${domain}/${subscription}" builds it anew.`;
    throw commandErrors.USAGE(`"${domain}" has no subscription "${subscription}"; it has ${names}.${what}`, {
      argument: `${domain}/${subscription}`,
    });
  }
  const publishers = [...new Set(declared.events.map(domainOf))];
  const chosen = publisher ?? (publishers.length === 1 ? publishers[0] : undefined);
  if (chosen === undefined || !publishers.includes(chosen)) {
    throw commandErrors.USAGE(
      `"${subscription}" follows ${publishers.join(" and ")}; say which of them with --publisher.`,
      { argument: "--publisher" },
    );
  }
  return { publisher: chosen, events: declared.events.filter((event) => domainOf(event) === chosen) };
}

/** Those that are declared, and those of builds; a saga's waits are its own. */
async function replayable(
  database: Database,
  implementation: LoadedDomain["implementation"],
): Promise<readonly WantedEvents[]> {
  const builds = await listBuilds(database, implementation.domain.name);
  return allSubscriptions({ ...implementation, sagas: [] }, builds);
}

function parseName(text: string): readonly [domain: string, subscription: string] {
  const [domain, subscription, ...rest] = text.split("/");
  if (domain && subscription && rest.length === 0) return [domain, subscription];
  throw commandErrors.USAGE(
    `"${text}" does not name a subscription: it is domain/subscription, such as order/follow-payment.`,
    { argument: text },
  );
}

/** A time says its zone, since a log has no other. */
const timePattern = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/i;

function parseFrom(text: string): ReplayFrom {
  if (/^[1-9]\d{0,17}$/.test(text)) return { seq: BigInt(text) };
  const time = new Date(text);
  if (timePattern.test(text) && !Number.isNaN(time.getTime())) return { time };
  throw commandErrors.USAGE(
    `--from "${text}" is neither a position from 1 on nor a time such as 2030-01-31 (UTC) or 2030-01-31T12:00:00Z.`,
    { argument: "--from" },
  );
}
