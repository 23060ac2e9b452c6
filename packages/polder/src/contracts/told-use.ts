import { table } from "../command/output.ts";
import type { Keeper } from "./keepers.ts";
import type { MajorUse } from "./major-use.ts";

/** Who uses a major version, for people: a table of users, since when it is known, and what is stored. */
export function toldUse({ users, recorded, since, stored, major }: MajorUse): string {
  const rows = users.map(({ consumer, needs = "-", seen }) => [
    consumer,
    needs,
    seen?.version ?? "-",
    seen?.environment ?? "-",
    seen?.seenAt.toISOString() ?? "-",
    seen === undefined ? "-" : String(seen.callsPerDay),
  ]);
  const head = ["consumer", "needs", "uses", "environment", "last seen", "calls a day"];
  const known =
    recorded === undefined
      ? "It has never been recorded who uses it."
      : `Use has been recorded from ${recorded.from.toISOString()} to ${recorded.until.toISOString()}; this is what was seen since ${since.toISOString()}.`;
  return [
    ...(rows.length === 0 ? [] : [table(head, rows), ""]),
    known,
    ...(stored === undefined || stored.logged === 0 ? [] : [toldStored(stored.logged, stored.lastAt, major)]),
  ].join("\n");
}

function toldStored(logged: number, lastAt: Date | null, major: number): string {
  const events = logged === 1 ? "1 event" : `${logged} events`;
  return `The log still holds ${events} at major ${major}, the last of ${lastAt?.toISOString() ?? "unknown"}. Once the major is no longer declared, a replay from before that and a subscription that begins anew cannot read them: they are parked with EVENT_VERSION_UNKNOWN.`;
}

/** What speaks against retiring it, a line each. */
export function toldKeepers(keepers: readonly Keeper[]): string {
  return keepers.map(({ why }) => `  - ${why}.`).join("\n");
}
