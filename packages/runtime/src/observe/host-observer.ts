import type { ResilienceObserver, ServedCall } from "@polder/http";
import type { Composition, Logger, Missing } from "@polder/model";
import type { DatabaseObserver } from "@polder/postgres";
import type { SpanCounts } from "../traces/counted-spans.ts";
import type { WorkAtHand } from "../work-at-hand.ts";
import type { HostMetrics } from "./host-metrics.ts";
import { type SlowOptions, slowWork } from "./slow-work.ts";

/** How a host is watched. */
export interface ObserveOptions {
  /** Serve metrics at `/metrics`. Default true. */
  readonly metrics?: boolean;
  /** From when on statements and handlers are slow. */
  readonly slow?: SlowOptions;
  /** What has become of the spans of this process, where it makes some. */
  readonly spans?: (() => SpanCounts) | undefined;
}

/** Everything of a host that wants to know what happens in it. */
export interface HostObserver {
  /** Missing where the host has no metrics. */
  readonly metrics: HostMetrics | undefined;
  readonly served: ((call: ServedCall) => void) | undefined;
  /** Told of calls to other domains that are turned away or repeated. */
  readonly calls: Pick<ResilienceObserver, "bulkheadFull" | "repeated">;
  /** Told of each run of a handler. */
  readonly handled: (work: WorkAtHand, seconds: number) => void;
  readonly ofDatabase: (domain: string) => DatabaseObserver;
}

/** Makes the observer of a host. The library of metrics is loaded only where there are metrics. */
export async function openObserver(
  { metrics: wanted = true, slow = {} }: ObserveOptions,
  logger: Logger,
): Promise<HostObserver> {
  const metrics = wanted ? (await import("./host-metrics.ts")).createHostMetrics() : undefined;
  const slowness = slowWork(slow, logger);
  return {
    metrics,
    served: metrics?.served,
    calls: {
      bulkheadFull: (callee) => metrics?.bulkheadFull(callee),
      repeated: (callee) => metrics?.repeated(callee),
    },
    handled: (work, seconds) => {
      metrics?.handled(work, seconds);
      if (slowness.handler(work, seconds)) metrics?.slow("handler", work.domain);
    },
    ofDatabase: (domain) => ({
      statement: (text, seconds) => {
        if (slowness.statement(domain, text, seconds)) metrics?.slow("statement", domain);
      },
      transaction: (outcome, seconds) => metrics?.transaction(domain, outcome, seconds),
    }),
  };
}

/** Counts what is missing in the answers of a composition. */
export function missingIn(
  { domain, api, operation }: Composition,
  { metrics }: Pick<HostObserver, "metrics">,
): (missing: Missing) => void {
  return ({ source, code }) => metrics?.missing({ domain, operation: `${api}.${operation}`, source, code });
}

/** Runs a handler and tells how long it took, whether it went well or not. */
export async function timedHandler<Result>(
  handled: HostObserver["handled"],
  work: WorkAtHand,
  run: () => Promise<Result>,
): Promise<Result> {
  const begunMs = performance.now();
  try {
    return await run();
  } finally {
    handled(work, (performance.now() - begunMs) / 1_000);
  }
}
