import type { Delivered } from "@polder/bus";
import type { CircuitState, ServedCall } from "@polder/http";
import type { Missing } from "@polder/model";
import type { ConnectionCounts, TransactionOutcome } from "@polder/postgres";
import { Counter, collectDefaultMetrics, Gauge, Histogram, type OpenMetricsContentType, Registry } from "prom-client";
import type { SpanCounts } from "../traces/counted-spans.ts";
import type { WorkAtHand } from "../work-at-hand.ts";
import { boundedLabel } from "./bounded-label.ts";
import { type CallOutcome, outcomeOf } from "./outcome.ts";

/** A call that a domain of this process made. */
export interface MadeCall extends Omit<ServedCall, "answer" | "caller"> {
  readonly caller: string;
  readonly outcome: CallOutcome;
  /** The refusal's name, or the code of the failure; empty for an answer. */
  readonly code: string;
}

/** How a subscription stands. */
export interface SubscriptionLook {
  readonly domain: string;
  readonly subscription: string;
  readonly publisher: string;
  readonly lag: number;
  readonly parked: number;
  readonly parkedKeys: number;
  readonly dead: number;
}

/** How a read model or replica stands against what one domain publishes. */
export interface CopyMetricsLook {
  readonly domain: string;
  /** Its name. */
  readonly copy: string;
  readonly publisher: string;
  readonly lag: number;
  readonly stalenessMs: number;
  /** What it is declared to bear; missing where nothing is declared. */
  readonly stalenessMaxMs?: number;
}

/** What is looked at when somebody asks for the metrics. */
export interface HostLook {
  /** Those that serve. */
  readonly copies: readonly CopyMetricsLook[];
  readonly subscriptions: readonly SubscriptionLook[];
  readonly connections: readonly (ConnectionCounts & { readonly domain: string })[];
  /** Of the domains that are called by URL, by their names. */
  readonly circuits: ReadonlyMap<string, CircuitState>;
  /** Missing where this process makes no spans. */
  readonly spans: SpanCounts | undefined;
}

/** The metrics of one host: what is counted as it happens, and what is looked at when it is asked for. */
export interface HostMetrics {
  readonly served: (call: ServedCall) => void;
  readonly made: (call: MadeCall) => void;
  /** A call to a domain was not let in. */
  readonly bulkheadFull: (callee: string) => void;
  /** A call to a domain is made once more. */
  readonly repeated: (callee: string) => void;
  readonly handled: (work: WorkAtHand, seconds: number) => void;
  readonly delivered: (stream: StreamLabels, delivered: Delivered) => void;
  readonly relayed: (domain: string, events: number) => void;
  readonly transaction: (domain: string, outcome: TransactionOutcome, seconds: number) => void;
  readonly slow: (what: "statement" | "handler", domain: string) => void;
  /** A composition was answered without a part, or with a substitute for it. */
  readonly missing: (missing: MissingPart) => void;
  /** That of the text: OpenMetrics 1.0.0. */
  readonly contentType: string;
  /** All of it as OpenMetrics text. */
  readonly text: (look: HostLook) => Promise<string>;
}

/** A part of a composition that is missing. */
export interface MissingPart extends Pick<Missing, "source" | "code"> {
  readonly domain: string;
  /** Such as `storefront.history`. */
  readonly operation: string;
}

/** Which subscription, to whose events. */
export interface StreamLabels {
  readonly domain: string;
  readonly subscription: string;
  readonly publisher: string;
}

const contentType: OpenMetricsContentType = Registry.OPENMETRICS_CONTENT_TYPE;

/** Upper bounds of the times that calls, handlers and transactions take, in seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Callers, and codes, that are told apart at most. */
const CALLERS_MAX = 100;
const CODES_MAX = 200;

/**
 * Makes the metrics of a host (https://prometheus.io/docs/specs/om/open_metrics_spec/). Labels are names that are
 * declared, or bounded in number: never keys or ids.
 */
export function createHostMetrics(): HostMetrics {
  const register = openRegister();
  const of = { ...callMetrics(register), ...workMetrics(register) };
  const look = lookMetrics(register);
  const callerLabel = boundedLabel(CALLERS_MAX);
  const codeLabel = boundedLabel(CODES_MAX);
  return {
    served: ({ api, operation, version, caller, answer, seconds }) => {
      const labels = { api, operation, version, caller: callerLabel(caller ?? "unknown") };
      const { outcome, code } = outcomeOf(answer);
      of.served.inc({ ...labels, outcome, code: codeLabel(code) });
      of.servedTime.observe(labels, seconds);
    },
    made: ({ caller, api, operation, version, outcome, code, seconds }) => {
      const labels = { caller, api, operation, version };
      of.made.inc({ ...labels, outcome, code: codeLabel(code) });
      of.madeTime.observe(labels, seconds);
    },
    bulkheadFull: (callee) => of.bulkheadFull.inc({ callee }),
    repeated: (callee) => of.repeated.inc({ callee }),
    handled: ({ domain, handler }, seconds) => of.handlerTime.observe({ domain, handler }, seconds),
    delivered: ({ domain, subscription, publisher }, { outcome, events }) =>
      of.events.inc({ domain, subscription, publisher, outcome }, events),
    relayed: (domain, events) => {
      of.relaySteps.inc({ domain });
      of.relayed.inc({ domain }, events);
    },
    transaction: (domain, outcome, seconds) => of.transactionTime.observe({ domain, outcome }, seconds),
    slow: (what, domain) => of.slow.inc({ domain, what }),
    missing: ({ domain, operation, source, code }) =>
      of.missing.inc({ domain, operation, source, code: codeLabel(code) }),
    contentType,
    text: async (found) => {
      look(found);
      const all = await Registry.merge([register, processBasics()]).metrics();
      // The specification wants bounds as floating-point numbers; prom-client writes whole ones without a point. Nor does
      // it know sets of states.
      return all.replaceAll(/\ble="(\d+)"/g, 'le="$1.0"').replace(`${CIRCUIT} gauge`, `${CIRCUIT} stateset`);
    },
  };
}

const call = ["api", "operation", "version"] as const;
const stream = ["domain", "subscription", "publisher"] as const;
const copied = ["domain", "copy", "publisher"] as const;

function callMetrics(register: Registry) {
  const { counter, histogram } = declaring(register);
  return {
    served: counter("polder_calls_served", "Calls answered here.", [...call, "caller", "outcome", "code"]),
    servedTime: histogram("polder_call_served_seconds", "Time to answer a call.", [...call, "caller"]),
    made: counter("polder_calls_made", "Calls to other domains.", ["caller", ...call, "outcome", "code"]),
    madeTime: histogram("polder_call_made_seconds", "Time until another domain answered.", ["caller", ...call]),
    bulkheadFull: counter("polder_bulkhead_rejections", "Calls not made: too many were under way.", ["callee"]),
    repeated: counter("polder_call_repetitions", "Calls made once more.", ["callee"]),
  };
}

function workMetrics(register: Registry) {
  const { counter, histogram } = declaring(register);
  return {
    handlerTime: histogram("polder_handler_seconds", "Time that a handler took.", ["domain", "handler"]),
    events: counter("polder_subscription_events", "Events by what became of them.", [...stream, "outcome"]),
    relaySteps: counter("polder_relay_steps", "Steps of the relay.", ["domain"]),
    relayed: counter("polder_relay_events", "Events moved from the outbox to the log.", ["domain"]),
    transactionTime: histogram("polder_transaction_seconds", "Time from begin to end.", ["domain", "outcome"]),
    slow: counter("polder_slow", "Statements and handlers that were slow.", ["domain", "what"]),
    missing: counter("polder_composition_missing", "Parts that answers were composed without.", [
      "domain",
      "operation",
      "source",
      "code",
    ]),
  };
}

/** A set of states has a label of its own name. */
const CIRCUIT = "polder_circuit";
const circuitStates: readonly CircuitState[] = ["closed", "half open", "open"];

/** Metrics of what is looked at; those of subscriptions and domains that are no longer there are forgotten. */
function lookMetrics(register: Registry): (look: HostLook) => void {
  const { counter, gauge } = declaring(register);
  const lag = gauge("polder_subscription_lag_events", "Positions of the log that are not handled yet.", stream);
  const parked = gauge("polder_subscription_parked_events", "Events that wait after a failure.", stream);
  const keys = gauge("polder_subscription_parked_keys", "Keys that wait after a failure.", stream);
  const dead = gauge("polder_subscription_dead_letters", "Events that were given up.", stream);
  const behind = gauge(
    "polder_read_model_lag_events",
    "Events that a read model or replica has not handled yet.",
    copied,
  );
  const age = gauge("polder_read_model_staleness_seconds", "Age of the oldest event that is not in it yet.", copied);
  const ageMax = gauge("polder_read_model_staleness_max_seconds", "The age that it may bear.", ["domain", "copy"]);
  const connections = gauge("polder_connections", "Connections to the database.", ["domain", "state"]);
  const waiting = gauge("polder_connections_waiting", "Work that waits for a connection.", ["domain"]);
  const circuits = gauge(CIRCUIT, "How the circuit to another domain stands.", ["callee", CIRCUIT]);
  const spans = counter("polder_spans", "Spans of this process by what became of them.", ["outcome"]);
  return (look) => {
    for (const one of [lag, parked, keys, dead, behind, age, ageMax, connections, waiting, circuits, spans])
      one.reset();
    for (const { domain, subscription, publisher, ...counts } of look.subscriptions) {
      const labels = { domain, subscription, publisher };
      lag.set(labels, counts.lag);
      parked.set(labels, counts.parked);
      keys.set(labels, counts.parkedKeys);
      dead.set(labels, counts.dead);
    }
    for (const { domain, copy, publisher, ...found } of look.copies) {
      behind.set({ domain, copy, publisher }, found.lag);
      age.set({ domain, copy, publisher }, found.stalenessMs / 1_000);
      if (found.stalenessMaxMs !== undefined) ageMax.set({ domain, copy }, found.stalenessMaxMs / 1_000);
    }
    for (const { domain, inUse, idle, ...counts } of look.connections) {
      connections.set({ domain, state: "in use" }, inUse);
      connections.set({ domain, state: "idle" }, idle);
      waiting.set({ domain }, counts.waiting);
    }
    // They are counted elsewhere, for all hosts of the process.
    for (const [outcome, count] of Object.entries(look.spans ?? {})) spans.inc({ outcome }, count);
    for (const [callee, found] of look.circuits)
      for (const state of circuitStates) circuits.set({ callee, [CIRCUIT]: state }, state === found ? 1 : 0);
  };
}

interface Declaring {
  readonly counter: <L extends string>(name: string, help: string, labelNames: readonly L[]) => Counter<L>;
  readonly gauge: <L extends string>(name: string, help: string, labelNames: readonly L[]) => Gauge<L>;
  readonly histogram: <L extends string>(name: string, help: string, labelNames: readonly L[]) => Histogram<L>;
}

function declaring(register: Registry): Declaring {
  const registers = [register];
  return {
    counter: (name, help, labelNames) => new Counter({ name, help, labelNames, registers }),
    gauge: (name, help, labelNames) => new Gauge({ name, help, labelNames, registers }),
    histogram: (name, help, labelNames) => new Histogram({ name, help, labelNames, buckets, registers }),
  };
}

/** How finely the delay of the event loop is watched, in milliseconds: each look wakes an idle process. */
const EVENT_LOOP_PRECISION_MS = 100;

let basics: Registry | undefined;

/** CPU, memory and event loop of the process: looked after from the first time that somebody asks, once for all hosts. */
function processBasics(): Registry {
  if (basics === undefined) {
    basics = openRegister();
    collectDefaultMetrics({ register: basics, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
  }
  return basics;
}

/** The types of prom-client know registers of its older format only. */
function openRegister(): Registry {
  const register = new Registry<OpenMetricsContentType>();
  register.setContentType(contentType);
  return register as unknown as Registry;
}
