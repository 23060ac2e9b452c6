import { logHead, subscriptionStatus } from "@polder/bus";
import type { Implementation, openProject } from "polder";

type Admin = ReturnType<Awaited<ReturnType<Awaited<ReturnType<typeof openProject>>["database"]>>["adminOf"]>;

/** What these domains have still to relay, to deliver, to try again or to bring to its end; `adminOf` gives the database of each. */
export async function underWay(
  adminOf: (domain: string) => Admin,
  running: readonly Implementation[],
): Promise<readonly string[]> {
  const left: string[] = [];
  const head = (publisher: string) => logHead(adminOf(publisher), publisher);
  for (const { domain, subscriptions: declared, sagas } of running) {
    const admin = adminOf(domain.name);
    const ofSagas = sagas.map(({ name, waits }) => ({ name: `saga-${name}`, events: Object.keys(waits) }));
    const subscriptions = [...declared, ...ofSagas];
    // One that waits for news or for its time has done what it can.
    const working = await admin.query<{ saga: string; key: string }>(
      `select saga, key from "${domain.name}"._saga
where ended_at is null and (wake_at <= now() or lease_until > now() or failures > 0)`,
    );
    left.push(...working.rows.map(({ saga, key }) => `${domain.name}: the saga ${saga} ${key} is at work`));
    const { rows } = await admin.query<{ count: number }>(`select count(*)::int from "${domain.name}"._outbox`);
    // Nothing of an outbox is thrown away as long as it is small, and the positions of a log are dense.
    const unrelayed = (rows[0]?.count ?? 0) - Number(await head(domain.name));
    if (unrelayed > 0) left.push(`${domain.name}: ${unrelayed} events in the outbox`);

    const statuses = await subscriptionStatus(admin, domain.name, head);
    for (const { name, events } of subscriptions) {
      for (const publisher of new Set(events.map((event) => event.split(".", 1)[0]))) {
        const status = statuses.find((other) => other.subscription === name && other.publisher === publisher);
        if (status === undefined) left.push(`${domain.name}.${name}: not begun with ${publisher}`);
        else if (status.lag > 0 || status.parked > 0)
          left.push(`${domain.name}.${name}: ${status.lag} of ${publisher} to come, ${status.parked} parked`);
      }
    }
  }
  return left;
}
