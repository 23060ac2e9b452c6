import { logHead, parkedMajor, type StoredMajor, storedMajor, subscriptionStatus } from "@polder/bus";
import { majorOf } from "@polder/model";
import { type ContractUser, type RecordedTime, recordedTime, usersOf } from "@polder/registry";
import type { LoadedDomain, ProjectDatabase } from "@polder/runtime";
import { subscriptionsIn } from "../all-subscriptions.ts";
import type { NamedMajor } from "./named-major.ts";

/** Somebody who uses a major version of a contract, or says so. */
export interface MajorUser {
  readonly consumer: string;
  /** The version that it declares to need now, whatever its major; missing for one that is no domain of the project. */
  readonly needs?: string;
  /** What was seen of it; missing where it only declares its need. */
  readonly seen?: Pick<ContractUser, "version" | "environment" | "seenAt" | "calls"> & { readonly callsPerDay: number };
}

/** A subscription that has still to handle events which are stored at a major version. */
export interface WaitingSubscription {
  /** `domain.subscription`. */
  readonly subscription: string;
  readonly problem: string;
}

/** All that is known of who uses a major version of a contract. */
export interface MajorUse {
  readonly contract: string;
  readonly major: number;
  readonly since: Date;
  /** Missing: all. */
  readonly environment?: string;
  readonly users: readonly MajorUser[];
  /** From when to when uses were written down where this contract's would be; missing where none ever was. */
  readonly recorded?: RecordedTime;
  /** Of an event only. */
  readonly stored?: StoredMajor;
  readonly waiting: readonly WaitingSubscription[];
}

/** Milliseconds for which a use counts, unless it is said otherwise: 30 days. */
const SEEN_MS = 2_592_000_000;

/** Since when uses count, unless it is said otherwise: 30 days ago. */
export function recently(): Date {
  return new Date(Date.now() - SEEN_MS);
}

/** What to look at. */
export interface MajorUseOptions {
  readonly domains: readonly LoadedDomain[];
  readonly database: Pick<ProjectDatabase, "databases" | "adminOf">;
  readonly since: Date;
  readonly environment?: string | undefined;
}

/**
 * Asks the databases of a project who uses a major version of a contract: what was recorded, what domains declare, and
 * of an event what is stored at that major and not handled by everybody. As the administrator.
 */
export async function majorUse(named: NamedMajor, options: MajorUseOptions): Promise<MajorUse> {
  const { contract, major } = named;
  const { since, environment } = options;
  const isEvent = contract.kind === "event";
  const recorded = await recordedWhere(named, options);
  const stored = isEvent
    ? await storedMajor(options.database.adminOf(named.domain.name), named.domain.name, { event: contract.name, major })
    : undefined;
  return {
    contract: contract.name,
    major,
    since,
    ...(environment === undefined ? {} : { environment }),
    users: await usersOfMajor(named, options),
    ...(recorded === undefined ? {} : { recorded }),
    ...(stored === undefined ? {} : { stored }),
    waiting: stored === undefined ? [] : await waitingFor(named, stored, options),
  };
}

async function usersOfMajor(
  { contract: { name: contract }, major }: NamedMajor,
  { domains, database, since, environment }: MajorUseOptions,
): Promise<readonly MajorUser[]> {
  const declared = new Map(
    domains.flatMap(({ name, implementation: { domain } }) =>
      domain.needs.filter((need) => need.contract.name === contract).map((need) => [name, need.version] as const),
    ),
  );
  const needsOf = (consumer: string): Pick<MajorUser, "needs"> => {
    const needs = declared.get(consumer);
    return needs === undefined ? {} : { needs };
  };
  const seen: MajorUser[] = [];
  for (const { admin } of database.databases) {
    const found = await usersOf(admin, { contract, major, since });
    for (const { consumer, version, environment: where, seenAt, calls, days } of found) {
      if (environment !== undefined && where !== environment) continue;
      const callsPerDay = Math.round(calls / Math.max(days.length, 1));
      const use = { version, environment: where, seenAt, calls, callsPerDay };
      seen.push({ consumer, ...needsOf(consumer), seen: use });
    }
  }
  const unseen = [...declared].filter(
    ([consumer, version]) => majorOf(version) === major && !seen.some((user) => user.consumer === consumer),
  );
  return [...seen, ...unseen.map(([consumer, needs]) => ({ consumer, needs }))];
}

/**
 * Calls are written down beside the API, events beside their consumers: where all of these have recorded something, it is
 * since the last of them began to.
 */
async function recordedWhere(
  { contract, domain }: NamedMajor,
  { domains, database, environment }: MajorUseOptions,
): Promise<RecordedTime | undefined> {
  const consumers = domains.filter(({ implementation }) =>
    implementation.domain.needs.some((need) => need.contract.name === contract.name),
  );
  const places = contract.kind === "event" && consumers.length > 0 ? consumers : [domain];
  const times = await Promise.all(
    [...new Set(places.map(({ name }) => database.adminOf(name)))].map((admin) =>
      recordedTime(admin, environment === undefined ? {} : { environment }),
    ),
  );
  const known = times.filter((time) => time !== undefined);
  if (known.length === 0 || known.length < times.length) return undefined;
  const latest = (dates: readonly Date[]): Date => new Date(Math.max(...dates.map((date) => date.getTime())));
  return { from: latest(known.map(({ from }) => from)), until: latest(known.map(({ until }) => until)) };
}

async function waitingFor(
  { contract: { name: event }, major, domain: { name: publisher } }: NamedMajor,
  { lastSeq, unrelayed }: StoredMajor,
  { domains, database: { adminOf } }: MajorUseOptions,
): Promise<readonly WaitingSubscription[]> {
  const waiting: WaitingSubscription[] =
    unrelayed > 0 ? [{ subscription: publisher, problem: `has ${unrelayed} events in its outbox` }] : [];
  const last = BigInt(lastSeq ?? 0);
  for (const { name, implementation } of domains) {
    const all = await subscriptionsIn(adminOf(name), implementation);
    const wanting = all.filter(({ events }) => events.includes(event));
    if (wanting.length === 0) continue;
    const statuses = await subscriptionStatus(adminOf(name), name, (other) => logHead(adminOf(other), other));
    for (const { name: subscription } of wanting) {
      const status = statuses.find((one) => one.subscription === subscription && one.publisher === publisher);
      const declared = implementation.subscriptions.find((one) => one.name === subscription);
      // It begins behind all that is there.
      if (status === undefined && declared?.options.from === "now") continue;
      const seq = BigInt(status?.seq ?? 0);
      if (last > seq)
        waiting.push({
          subscription: `${name}.${subscription}`,
          problem: `stands at ${seq} of ${publisher}'s log, and the last event at this major at ${last}`,
        });
    }
    for (const { subscription, events } of await parkedMajor(adminOf(name), name, { event, major }))
      waiting.push({ subscription: `${name}.${subscription}`, problem: `has put ${events} events aside` });
  }
  return waiting;
}
