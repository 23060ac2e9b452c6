import { setTimeout as wait } from "node:timers/promises";
import {
  type BrowsedEvent,
  type BrowseOptions,
  browseEvents,
  findEvent,
  listDeadLetters,
  logHead,
  subscriptionStatus,
} from "@polder/bus";
import { cloudEventOf } from "@polder/contracts";
import { type LoadedDomain, type ProjectDatabase, selectDomains } from "@polder/runtime";
import { subscriptionsIn } from "../all-subscriptions.ts";
import { commandErrors } from "../errors.ts";
import { openCommandProject, provisionedDatabase } from "./command-project.ts";
import { type EventAs, eventAs } from "./event-as.ts";
import { exitCode } from "./exit-code.ts";
import { jsonLine, table } from "./output.ts";
import type { Work } from "./work.ts";

/** The options of `polder events tail`. */
export interface TailOptions {
  readonly domain?: readonly string[];
  readonly type?: string;
  readonly key?: string;
  readonly count: number;
  readonly follow: boolean;
  readonly cloudevents?: boolean;
}

/** The options of `polder events show`. */
export interface ShowOptions {
  readonly cloudevents?: boolean;
  /** As consumers at this version get it. Default: as it is stored. */
  readonly as?: string;
}

/** How often a tail looks for new events, in milliseconds. */
const LOOK_MS = 300;

/** Events that one look takes of a log at most. */
const LOOK_EVENTS_MAX = 1_000;

/** `polder events tail`: a line an event; with `--json` an object a line, with `--cloudevents` a CloudEvent a line. */
export function tailWork(options: TailOptions): Work {
  return async (input) => {
    const { json, streams, signal } = input;
    await using project = await openCommandProject(input);
    const publishers = selectDomains(project.domains, options.domain).map(({ name }) => name);
    const { adminOf } = await provisionedDatabase(project);
    const filter = {
      ...(options.type === undefined ? {} : { type: options.type }),
      ...(options.key === undefined ? {} : { key: options.key }),
    };
    const write = (event: BrowsedEvent): void => {
      if (options.cloudevents === true) streams.out(jsonLine(cloudEventOf(event)));
      else streams.out(json ? jsonLine(event) : `${line(event)}\n`);
    };
    const positions = await writeNewest({ adminOf, publishers, filter, eventsMax: options.count, write });
    while (options.follow && !signal.aborted) {
      for (const [publisher, after] of positions)
        positions.set(publisher, await writeNew({ adminOf, publisher, filter, after, write }));
      await wait(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
    return {};
  };
}

interface Tail {
  readonly adminOf: ProjectDatabase["adminOf"];
  readonly filter: BrowseOptions;
  readonly write: (event: BrowsedEvent) => void;
}

/** Writes the newest events of all publishers by time; gives the position of each to go on from. */
async function writeNewest(
  tail: Tail & { readonly publishers: readonly string[]; readonly eventsMax: number },
): Promise<Map<string, bigint>> {
  const { adminOf, publishers, filter, eventsMax, write } = tail;
  const positions = new Map<string, bigint>();
  const newest: BrowsedEvent[] = [];
  for (const publisher of publishers) {
    // Where to go on from is taken first: what comes meanwhile is seen, not skipped.
    positions.set(publisher, await logHead(adminOf(publisher), publisher));
    newest.push(...(await browseEvents(adminOf(publisher), publisher, { ...filter, eventsMax })));
  }
  newest.sort((a, b) => a.at.getTime() - b.at.getTime());
  for (const event of newest.slice(-eventsMax)) {
    write(event);
    if (BigInt(event.seq) > (positions.get(event.publisher) ?? 0n)) positions.set(event.publisher, BigInt(event.seq));
  }
  return positions;
}

/** Writes what has come after a position; gives the position to go on from. */
async function writeNew(tail: Tail & { readonly publisher: string; readonly after: bigint }): Promise<bigint> {
  const { adminOf, publisher, filter, after, write } = tail;
  const head = await logHead(adminOf(publisher), publisher);
  if (head <= after) return after;
  const events = await browseEvents(adminOf(publisher), publisher, { ...filter, after, eventsMax: LOOK_EVENTS_MAX });
  for (const event of events) write(event);
  const last = BigInt(events.at(-1)?.seq ?? after);
  // A page that is not full has seen the log up to its head, whatever the filter let through.
  return events.length < LOOK_EVENTS_MAX && head > last ? head : last;
}

const eventId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * `polder events show`: exit code 1 when it is a dead letter of a subscription, or cannot be had at the version that is
 * asked for; with `--cloudevents` the event alone.
 */
export function showWork(id: string, { cloudevents = false, as }: ShowOptions): Work {
  return async (input) => {
    if (!eventId.test(id))
      throw commandErrors.USAGE(
        `"${id}" is no event's id; it is a UUID, as "polder events tail" writes it at the end of a line.`,
        { argument: id },
      );
    await using project = await openCommandProject(input);
    const { adminOf } = await provisionedDatabase(project);
    const publishers = project.domains.map(({ name }) => name);
    const event = await findEvent(adminOf, publishers, id);
    if (event === undefined)
      throw commandErrors.EVENT_UNKNOWN(
        `No log has an event ${id}. It may not be relayed yet, or be older than what is kept.`,
        { id },
      );
    const seen = as === undefined ? undefined : await eventAs(event, as, project.domains);
    const isUnreadable = seen !== undefined && "error" in seen;
    if (cloudevents) {
      if (isUnreadable) input.streams.err(`${toldData(event, seen).join("\n")}\n`);
      else input.streams.out(jsonLine(cloudEventOf({ ...event, ...seen })));
      return isUnreadable ? { code: exitCode.findings } : {};
    }
    const deliveries: Delivery[] = [];
    for (const domain of project.domains) deliveries.push(...(await deliveriesOf(adminOf, event, domain)));
    const rows = deliveries.map(({ subscription, state }) => [subscription, state]);
    const parts = [
      line(event),
      ...toldData(event, seen),
      ...(event.headers === null
        ? []
        : [
            Object.entries(event.headers)
              .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
              .join("\n"),
          ]),
      rows.length === 0 ? "No subscription to it has run yet." : table(["subscription", "state"], rows),
    ];
    return {
      data: { ...event, ...(seen === undefined ? {} : { as: seen }), deliveries },
      text: parts.join("\n\n"),
      code:
        isUnreadable || deliveries.some(({ state }) => state === "dead letter") ? exitCode.findings : exitCode.clean,
    };
  };
}

/** What is in it, as it is stored or as it was asked for. */
function toldData(event: BrowsedEvent, seen: EventAs | undefined): readonly string[] {
  if (seen === undefined) return [JSON.stringify(event.data, null, 2)];
  if ("error" in seen) return [`Consumers at ${seen.asked} do not get it: ${seen.error.message} (${seen.error.code})`];
  return [`Consumers at ${seen.asked} get it at ${seen.version}:`, JSON.stringify(seen.data, null, 2)];
}

interface Delivery {
  readonly subscription: string;
  readonly state: "handled" | "not yet" | "to be tried again" | "dead letter";
}

/** Where the subscriptions of a domain stand with an event. */
async function deliveriesOf(
  adminOf: ProjectDatabase["adminOf"],
  event: BrowsedEvent,
  { name, implementation }: LoadedDomain,
): Promise<readonly Delivery[]> {
  const all = await subscriptionsIn(adminOf(name), implementation);
  const wanted = all.filter(({ events }) => events.includes(event.type));
  if (wanted.length === 0) return [];
  const parked = await listDeadLetters(adminOf(name), name, { all: true });
  const statuses = await subscriptionStatus(adminOf(name), name, (publisher) => logHead(adminOf(publisher), publisher));
  return statuses
    .filter(
      ({ publisher, subscription }) => publisher === event.publisher && wanted.some((one) => one.name === subscription),
    )
    .map(({ subscription, seq }) => {
      const letter = parked.find((one) => one.subscription === subscription && one.eventId === event.id);
      const isReached = BigInt(seq) >= BigInt(event.seq);
      const unparked = isReached ? "handled" : "not yet";
      const state = letter === undefined ? unparked : letter.state === "dead" ? "dead letter" : "to be tried again";
      return { subscription: `${name}.${subscription}`, state };
    });
}

function line(event: BrowsedEvent): string {
  return `${event.at.toISOString()}  ${event.publisher}/${event.seq}  ${event.type}@${event.version}  key=${event.key}  ${event.id}`;
}
