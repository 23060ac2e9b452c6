import { browseEvents, listDeadLetters, logHead, subscriptionStatus } from "@polder/bus";
import { testServer } from "@polder/postgres/testing";
import { type Implementation, openProject, type Project } from "polder";
import { audit } from "../audit.ts";

/** A database of its own with the homes of all domains of the shop, and nothing in them. */
export interface ShopDatabase extends AsyncDisposable {
  /** What a process of the shop needs in its environment to come here. */
  readonly env: Readonly<Record<string, string>>;
  readonly address: ProjectDatabase["address"];
  /** Runs a query as the administrator. */
  readonly rows: <Row>(sql: string) => Promise<readonly Row[]>;
  /** The events that a domain has published, in the order of its log, as far as they are relayed. */
  readonly events: (domain: string) => Promise<readonly PublishedEvent[]>;
  /** Events that a domain's subscriptions could not handle: `subscription: why`. */
  readonly parked: (domain: string) => Promise<readonly string[]>;
  /** The subscriptions that a process holds leases on. */
  readonly leasesOf: (pid: number) => Promise<readonly string[]>;
  /** What the auditor finds, in one snapshot. */
  readonly audit: (options: { readonly settled: boolean }) => Promise<readonly string[]>;
  /** What these domains have still to relay, to deliver, or to try again, in one snapshot. */
  readonly underWay: (running: readonly Implementation[]) => Promise<readonly string[]>;
}

interface PublishedEvent {
  readonly type: string;
  readonly data: unknown;
}

type ProjectDatabase = Awaited<ReturnType<Project["database"]>>;
type Admin = ProjectDatabase["admin"];

/** Makes a database on the server of this test run; with `own` on one that nobody else uses. */
export async function shopDatabase(options: { readonly own?: string } = {}): Promise<ShopDatabase> {
  await using cleanup = new AsyncDisposableStack();
  const server = cleanup.use(await testServer(options));
  const { address, password } = cleanup.use(await server.database());
  const { user, host, port, database: name } = address;
  const env: Record<string, string> = {
    DATABASE_URL: `postgres://${user}:${encodeURIComponent(address.password)}@${host}:${port}/${name}`,
  };
  for (const domain of domains) env[`POLDER_SECRET_${domain.toUpperCase()}_APP`] = password(`${domain}_app`);
  const project = cleanup.use(await openProject({ from: import.meta.dirname, env }));
  const database = await project.database();
  await database.provision();
  await database.migrate();

  const { admin } = database;
  const owned = cleanup.move();
  return {
    env,
    address: database.address,
    rows: async <Row>(sql: string) => (await admin.query<Row>(sql)).rows,
    events: async (domain) => {
      const events = await browseEvents(admin, domain, { after: 0n, eventsMax: 1_000 });
      return events.toSorted((a, b) => Number(a.seq) - Number(b.seq)).map(({ type, data }) => ({ type, data }));
    },
    parked: async (domain) =>
      (await listDeadLetters(admin, domain, { all: true })).map(
        ({ subscription, error }) => `${subscription}: ${error.split("\n", 1)[0]}`,
      ),
    leasesOf: async (pid) => {
      const sql = domains.map(
        (domain) => `
        select '${domain}.' || subscription as name
        from "${domain}"._checkpoint join "${domain}"._instance on id = owner
        where pid = ${pid}`,
      );
      const { rows } = await admin.query<{ name: string }>(sql.join("\nunion "));
      return rows.map(({ name }) => name);
    },
    audit: (options) =>
      inSnapshot(admin, (snapshot) => audit(async (sql) => (await snapshot.query(sql)).rows, options)),
    underWay: (running) => inSnapshot(admin, (snapshot) => underWay(snapshot, running)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const domains = ["customer", "inventory", "order", "payment", "fulfillment", "accounting"];

async function inSnapshot<Result>(admin: Admin, read: (snapshot: Admin) => Promise<Result>): Promise<Result> {
  const snapshot = admin.begin("snapshot");
  try {
    return await read({ ...admin, sql: snapshot.sql, query: snapshot.query });
  } finally {
    await snapshot.rollback();
  }
}

async function underWay(snapshot: Admin, running: readonly Implementation[]): Promise<readonly string[]> {
  const left: string[] = [];
  const head = (publisher: string) => logHead(snapshot, publisher);
  for (const { domain, subscriptions: declared, sagas } of running) {
    const ofSagas = sagas.map(({ name, waits }) => ({ name: `saga-${name}`, events: Object.keys(waits) }));
    const subscriptions = [...declared, ...ofSagas];
    // One that waits for news or for its time has done what it can.
    const working = await snapshot.query<{ saga: string; key: string }>(
      `select saga, key from "${domain.name}"._saga
where ended_at is null and (wake_at <= now() or lease_until > now() or failures > 0)`,
    );
    left.push(...working.rows.map(({ saga, key }) => `${domain.name}: the saga ${saga} ${key} is at work`));
    const { rows } = await snapshot.query<{ count: number }>(`select count(*)::int from "${domain.name}"._outbox`);
    // Nothing of an outbox is thrown away as long as it is small, and the positions of a log are dense.
    const unrelayed = (rows[0]?.count ?? 0) - Number(await head(domain.name));
    if (unrelayed > 0) left.push(`${domain.name}: ${unrelayed} events in the outbox`);

    const statuses = await subscriptionStatus(snapshot, domain.name, head);
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
