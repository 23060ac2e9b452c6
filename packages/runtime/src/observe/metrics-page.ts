import { type GrowthSignal, postgresSource, subscriptionStatus } from "@polder/bus";
import type { CircuitState, HttpApp } from "@polder/http";
import type { RunningDomain } from "../domain/run-domain.ts";
import type { SpanCounts } from "../traces/counted-spans.ts";
import type { CopyMetricsLook, HostLook, HostMetrics, SubscriptionLook } from "./host-metrics.ts";

/** What the page of metrics looks at. */
export interface MetricsPageParts {
  readonly running: ReadonlyMap<string, RunningDomain>;
  /** How the circuits to other domains stand. */
  readonly circuits: ReadonlyMap<string, CircuitState>;
  readonly spans?: (() => SpanCounts) | undefined;
  readonly growth: GrowthSignal;
  readonly metrics: HostMetrics;
}

/** A look at the database serves everybody who asks within this time, in milliseconds. */
const LOOK_MS = 1_000;
/** How long a look may take; what is not there then is left out, in milliseconds. */
const LOOK_MS_MAX = 2_000;

/** Serves `/metrics` as OpenMetrics text. While a database cannot be reached, the figures that it has are left out. */
export function mountMetrics(app: HttpApp, { running, circuits, spans, growth, metrics }: MetricsPageParts): void {
  let looked: { readonly atMs: number; readonly look: Promise<readonly SubscriptionLook[]> } | undefined;
  const subscriptions = (): Promise<readonly SubscriptionLook[]> => {
    const nowMs = performance.now();
    if (looked === undefined || nowMs - looked.atMs > LOOK_MS) {
      const looks = [...running.values()].map((domain) => inTime(lookAt(domain, growth)));
      looked = { atMs: nowMs, look: Promise.all(looks).then((found) => found.flat()) };
    }
    return looked.look;
  };
  app.get("/metrics", async (context) => {
    const look: HostLook = {
      subscriptions: await subscriptions(),
      connections: [...running.values()].map(({ name, database }) => ({ domain: name, ...database.connections() })),
      copies: [...running.values()].flatMap(copiesOf),
      circuits,
      spans: spans?.(),
    };
    return context.body(await metrics.text(look), 200, { "content-type": metrics.contentType });
  });
}

function copiesOf({ name: domain, copies }: RunningDomain): readonly CopyMetricsLook[] {
  return copies().flatMap(({ copied: { name: copy, stalenessMaxMs }, sources }) =>
    sources.map(({ publisher, lag, stalenessMs }) => {
      const bound = stalenessMaxMs === undefined ? {} : { stalenessMaxMs };
      return { domain, copy, publisher, lag, stalenessMs, ...bound };
    }),
  );
}

async function lookAt({ name, database }: RunningDomain, growth: GrowthSignal): Promise<readonly SubscriptionLook[]> {
  const headOf = async (publisher: string): Promise<bigint> =>
    (await postgresSource({ publisher, database, growth }).state()).head;
  return await subscriptionStatus(database, name, headOf);
}

async function inTime(look: Promise<readonly SubscriptionLook[]>): Promise<readonly SubscriptionLook[]> {
  const { promise: late, resolve } = Promise.withResolvers<readonly SubscriptionLook[]>();
  const timer = setTimeout(() => resolve([]), LOOK_MS_MAX);
  try {
    return await Promise.race([look.catch(() => []), late]);
  } finally {
    clearTimeout(timer);
  }
}
