import { appendFile, mkdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import type { Logger } from "@polder/model";
import { makePolderDirectory } from "@polder/postgres";
import { rarely } from "../observe/rarely.ts";
import { traceFiles } from "./trace-files.ts";

/** What {@link storeExporter} needs. */
export interface StoreExporterOptions {
  /** The folder of the store; made when the first span is kept. */
  readonly directory: string;
  /** Bytes of all files together, whichever process wrote them. */
  readonly bytesMax: number;
  readonly logger: Logger;
}

/** Files that a full store consists of: the oldest is removed for a new one. */
const FILES = 16;

/**
 * Keeps spans in files beside the project, in the format of the OpenTelemetry file exporter: a line is a batch as OTLP
 * has it in JSON (https://opentelemetry.io/docs/specs/otel/protocol/file-exporter). Every process writes files of its
 * own, which only their owner may read, and begins another one when it is large enough; whoever begins a file removes
 * the oldest ones, so that the store holds `bytesMax` and a sixteenth of that more for each process at most.
 */
export function storeExporter({ directory, bytesMax, logger }: StoreExporterOptions): SpanExporter {
  const fileBytesMax = Math.ceil(bytesMax / FILES);
  const warned = rarely();
  let file: { readonly path: string; bytes: number } | undefined;
  let written: Promise<void> = Promise.resolve();

  const write = async (spans: ReadableSpan[]): Promise<void> => {
    const body = JsonTraceSerializer.serializeRequest(spans);
    if (body === undefined) return;
    if (file === undefined || file.bytes + body.length > fileBytesMax) {
      makePolderDirectory(dirname(directory));
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await removeOldest(directory, bytesMax - fileBytesMax);
      file = { path: join(directory, nameOfFile(new Date())), bytes: 0 };
    }
    // Opened anew for each batch: another process may have removed it as the oldest.
    await appendFile(file.path, Buffer.concat([body, lineEnd]), { mode: 0o600 });
    file.bytes += body.length + 1;
  };
  const exportSpans = async (spans: ReadableSpan[]): Promise<ExportResult> => {
    try {
      await write(spans);
      return { code: ExportResultCode.SUCCESS };
    } catch (error) {
      file = undefined;
      if (warned.times("lost") !== undefined)
        logger.warn("traces cannot be kept; the process goes on without", { directory, error });
      return { code: ExportResultCode.FAILED };
    }
  };
  return {
    export: (spans, done) => {
      written = written.then(async () => done(await exportSpans(spans)));
    },
    forceFlush: () => written,
    shutdown: () => written,
  };
}

const lineEnd = Buffer.from("\n");

/** Their names sort by the time when they were begun. */
function nameOfFile(begun: Date): string {
  return `${begun.toISOString().replaceAll(/[-:]/g, "")}-${process.pid}.ndjson`;
}

async function removeOldest(directory: string, bytesMax: number): Promise<void> {
  const found = await Promise.all(
    (await traceFiles(directory)).map(async (path) => ({ path, stats: await stat(path).catch(() => undefined) })),
  );
  const newestFirst = found
    .flatMap(({ path, stats }) => (stats === undefined ? [] : [{ path, stats }]))
    .sort((a, b) => b.stats.mtimeMs - a.stats.mtimeMs);
  let bytes = 0;
  for (const { path, stats } of newestFirst) {
    bytes += stats.size;
    // Another process may be at the same.
    if (bytes > bytesMax) await rm(path, { force: true });
  }
}
