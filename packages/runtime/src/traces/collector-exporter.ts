import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import type { Logger } from "@polder/model";
import { rarely } from "../observe/rarely.ts";
import type { CollectorAddress } from "./trace-settings.ts";

/** What {@link collectorExporter} needs. */
export interface CollectorExporterOptions extends CollectorAddress {
  readonly logger: Logger;
  /** Aborts when nobody waits any more: exports under way are given up. */
  readonly signal: AbortSignal;
}

/** Statuses after which the specification has the same batch sent again. */
const retriedStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** Pauses before further attempts, in milliseconds. */
const pausesMs = [500, 1_000, 2_000, 4_000] as const;

/**
 * Sends spans to an OpenTelemetry collector by OTLP over HTTP
 * (https://opentelemetry.io/docs/specs/otlp/#otlphttp). One batch is under way at a time, and those that come
 * meanwhile wait in the queue of the processor: while the collector cannot be reached they are dropped there, and here
 * is said so once a minute.
 */
export function collectorExporter(options: CollectorExporterOptions): SpanExporter {
  const { url, encoding, logger, signal } = options;
  const serializer = encoding === "json" ? JsonTraceSerializer : ProtobufTraceSerializer;
  const underWay = new Set<Promise<void>>();
  const warned = rarely();
  let isEnding = false;

  const send = async (body: Uint8Array): Promise<void> => {
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
    for (const pauseMs of [...pausesMs, undefined]) {
      const failure = await attempt(body, timeout, options);
      if (failure === undefined) return;
      if (!failure.again || pauseMs === undefined || isEnding || timeout.aborted) throw failure.error;
      await wait(pauseMs, undefined, { signal: timeout, ref: false });
    }
  };
  const exportSpans = async (spans: ReadableSpan[]): Promise<ExportResult> => {
    try {
      const body = serializer.serializeRequest(spans);
      if (body !== undefined) await send(options.gzip ? await promisify(gzip)(body) : body);
      return { code: ExportResultCode.SUCCESS };
    } catch (error) {
      const unsaid = signal.aborted ? undefined : warned.times("lost");
      if (unsaid !== undefined)
        logger.warn("traces cannot be sent; they are lost until the collector answers", { collector: url, error });
      return { code: ExportResultCode.FAILED };
    }
  };
  const ended = async (): Promise<void> => {
    await Promise.all(underWay);
  };
  return {
    export: (spans, done) => {
      const exporting = exportSpans(spans).then((result) => {
        underWay.delete(exporting);
        done(result);
      });
      underWay.add(exporting);
    },
    forceFlush: ended,
    shutdown: async () => {
      isEnding = true;
      await ended();
    },
  };
}

interface Failure {
  readonly error: unknown;
  /** Is it worth another attempt? */
  readonly again: boolean;
}

/** Sends once; gives nothing when the collector has taken it. */
async function attempt(
  body: Uint8Array,
  signal: AbortSignal,
  { url, encoding, headers, gzip: isZipped }: CollectorAddress,
): Promise<Failure | undefined> {
  const contentType = encoding === "json" ? "application/json" : "application/x-protobuf";
  const zipped = isZipped ? { "content-encoding": "gzip" } : {};
  try {
    const response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      headers: { ...headers, "content-type": contentType, ...zipped },
      body: body as Uint8Array<ArrayBuffer>,
      signal,
    });
    // Read to its end, so that the connection is used again.
    await response.arrayBuffer();
    if (response.ok) return undefined;
    const again = retriedStatuses.has(response.status);
    return { error: new Error(`the collector answered with status ${response.status}`), again };
  } catch (error) {
    return { error, again: true };
  }
}
