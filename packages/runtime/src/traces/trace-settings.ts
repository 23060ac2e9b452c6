import type { Problem } from "@polder/model";

/** What a configuration says of traces. */
export interface TraceOptions {
  /**
   * How many of the traces that begin here are kept, from 0 (none) to 1 (all); whoever is called follows its caller. In
   * the local store those with a failure, or with a span of a second or longer, are kept besides, unless it is 0. Default 1 with `polder dev`, 0.1 with `polder start`. `OTEL_TRACES_SAMPLER` wins over it.
   */
  readonly ratio?: number;
  /** Bytes of the local store. Default 64 MiB. */
  readonly bytesMax?: number;
}

/** Where spans go and how many: what the environment and the configuration say together. */
export interface TraceSettings {
  readonly target: TraceTarget;
  readonly sampling: Sampling;
  readonly queue: SpanQueue;
  /** Attributes of the process, beside those that are always there. */
  readonly resource: Readonly<Record<string, string>>;
  /** Variables that say what cannot be done; their defaults hold. */
  readonly problems: readonly Problem[];
}

/** Where the spans of a process go. */
export type TraceTarget =
  | { readonly kind: "nowhere" }
  | { readonly kind: "local store"; readonly bytesMax: number }
  | ({ readonly kind: "collector" } & CollectorAddress);

/** A collector, and how to talk to it: OTLP over HTTP. */
export interface CollectorAddress {
  readonly url: string;
  readonly encoding: "protobuf" | "json";
  readonly headers: Readonly<Record<string, string>>;
  /** How long one export may take with all its attempts, in milliseconds. */
  readonly timeoutMs: number;
  readonly gzip: boolean;
}

/** Which traces are kept. */
export interface Sampling {
  readonly ratio: number;
  /** Follow the caller's decision where there is a caller. */
  readonly parentBased: boolean;
  /** Keep, beside the ratio, what turns out to have failed or to have been slow. */
  readonly late: boolean;
}

/** How spans wait until they are written. What does not fit in is dropped. */
export interface SpanQueue {
  readonly spansMax: number;
  readonly batchSpansMax: number;
  readonly delayMs: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const BYTES_MAX_DEFAULT = 67_108_864;

/**
 * Reads the standard variables of OpenTelemetry (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables):
 * with an endpoint, or with `OTEL_TRACES_EXPORTER=otlp`, spans go to that collector, otherwise to the local store. Pure.
 */
export function traceSettings(
  env: Environment,
  options: TraceOptions & { readonly ratioDefault: number },
): TraceSettings {
  const reading = readFrom(env);
  const target = targetOf(reading, options.bytesMax ?? BYTES_MAX_DEFAULT);
  // A reader of the local store waits for it; a collector gets larger and fewer batches.
  const queue = target.kind === "local store" ? { spansMax: 8_192, batchSpansMax: 512, delayMs: 300 } : collectorQueue;
  const spansMax = reading.number("OTEL_BSP_MAX_QUEUE_SIZE", queue.spansMax);
  return {
    target,
    sampling: samplingOf(reading, options.ratio ?? options.ratioDefault, target),
    queue: {
      spansMax,
      batchSpansMax: Math.min(spansMax, reading.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", queue.batchSpansMax)),
      delayMs: reading.number("OTEL_BSP_SCHEDULE_DELAY", queue.delayMs),
    },
    resource: {
      ...reading.pairs("OTEL_RESOURCE_ATTRIBUTES"),
      ...(reading.text("OTEL_SERVICE_NAME") === undefined ? {} : { "service.name": reading.text("OTEL_SERVICE_NAME") }),
    } as Readonly<Record<string, string>>,
    problems: reading.problems,
  };
}

/** The defaults of the specification, but for the delay: a trace that is looked for is wanted soon. */
const collectorQueue: SpanQueue = { spansMax: 2_048, batchSpansMax: 512, delayMs: 1_000 };

interface Reading {
  /** A variable; one that is empty is not set. */
  readonly text: (name: string) => string | undefined;
  /** A whole number from 1 on. */
  readonly number: (name: string, otherwise: number) => number;
  /** `key=value` with commas between them, values percent-encoded. */
  readonly pairs: (name: string) => Readonly<Record<string, string>>;
  readonly problems: Problem[];
}

function readFrom(env: Environment): Reading {
  const problems: Problem[] = [];
  const text = (name: string): string | undefined => env[name]?.trim() || undefined;
  return {
    text,
    problems,
    number: (name, otherwise) => {
      const given = text(name);
      if (given === undefined || (/^\d{1,9}$/.test(given) && Number(given) > 0)) return Number(given ?? otherwise);
      problems.push({ place: name, problem: `must be a whole number from 1 on; ${otherwise} is taken` });
      return otherwise;
    },
    pairs: (name) => {
      const pairs: Record<string, string> = {};
      for (const pair of text(name)?.split(",") ?? []) {
        const [, key = "", value = ""] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
        const decoded = decode(value);
        if (key !== "" && decoded !== undefined) pairs[key] = decoded;
        // The value may be secret.
        else problems.push({ place: name, problem: "must be key=value with commas between; what is not is left out" });
      }
      return pairs;
    },
  };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function targetOf(reading: Reading, bytesMax: number): TraceTarget {
  const { text, problems } = reading;
  const exporter = text("OTEL_TRACES_EXPORTER");
  if (text("OTEL_SDK_DISABLED")?.toLowerCase() === "true" || exporter === "none") return { kind: "nowhere" };
  if (exporter !== undefined && exporter !== "otlp")
    problems.push({ place: "OTEL_TRACES_EXPORTER", problem: 'knows "otlp" and "none" here; it is passed over' });
  const base = text("OTEL_EXPORTER_OTLP_ENDPOINT") ?? (exporter === "otlp" ? "http://localhost:4318" : undefined);
  const url = text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") ?? (base && `${base.replace(/\/$/, "")}/v1/traces`);
  if (url === undefined) return { kind: "local store", bytesMax };
  if (!["http:", "https:"].includes(URL.parse(url)?.protocol ?? "")) {
    const problem = "must be a URL such as http://localhost:4318; traces are kept on this machine instead";
    problems.push({ place: "OTEL_EXPORTER_OTLP_ENDPOINT", problem });
    return { kind: "local store", bytesMax };
  }
  const protocol = text("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? text("OTEL_EXPORTER_OTLP_PROTOCOL") ?? "http/protobuf";
  if (protocol !== "http/protobuf" && protocol !== "http/json")
    problems.push({ place: "OTEL_EXPORTER_OTLP_PROTOCOL", problem: 'must be "http/protobuf" (taken) or "http/json"' });
  const timeoutMs = reading.number("OTEL_EXPORTER_OTLP_TIMEOUT", 10_000);
  const compression = text("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION") ?? text("OTEL_EXPORTER_OTLP_COMPRESSION");
  return {
    kind: "collector",
    url,
    encoding: protocol === "http/json" ? "json" : "protobuf",
    headers: { ...reading.pairs("OTEL_EXPORTER_OTLP_HEADERS"), ...reading.pairs("OTEL_EXPORTER_OTLP_TRACES_HEADERS") },
    timeoutMs: reading.number("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", timeoutMs),
    gzip: compression === "gzip",
  };
}

function samplingOf({ text, problems }: Reading, ratio: number, target: TraceTarget): Sampling {
  const sampler = text("OTEL_TRACES_SAMPLER");
  // A collector decides by itself what it keeps, and whoever names a sampler wants that one.
  if (sampler === undefined)
    return { ratio, parentBased: true, late: target.kind === "local store" && ratio > 0 && ratio < 1 };
  const late = false;
  const parentBased = sampler.startsWith("parentbased_");
  const kind = sampler.replace(/^parentbased_/, "");
  if (kind === "always_on" || kind === "always_off") return { ratio: kind === "always_on" ? 1 : 0, parentBased, late };
  const given = Number(text("OTEL_TRACES_SAMPLER_ARG") ?? "1");
  if (kind === "traceidratio" && given >= 0 && given <= 1) return { ratio: given, parentBased, late };
  const place = kind === "traceidratio" ? "OTEL_TRACES_SAMPLER_ARG" : "OTEL_TRACES_SAMPLER";
  const known = "always_on, always_off, traceidratio (with an argument from 0 to 1), or one of them after parentbased_";
  problems.push({ place, problem: `must be ${known}; parentbased_traceidratio with ${ratio} is taken` });
  return { ratio, parentBased: true, late };
}
