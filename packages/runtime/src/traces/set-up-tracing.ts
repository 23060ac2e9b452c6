import { basename, join } from "node:path";
import type { Logger } from "@polder/model";
import type { Project } from "../load/project.ts";
import type { SpanCounts } from "./counted-spans.ts";
import { type TraceSettings, traceSettings } from "./trace-settings.ts";

/** What {@link setUpTracing} needs. */
export interface TracingOptions {
  /** Its configuration says which traces are kept, its folder is where. */
  readonly project: Pick<Project, "loaded" | "polderDirectory">;
  /** The ratio where neither the environment nor the configuration says one. */
  readonly ratioDefault: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
}

/** Tracing of this process. Disposing it writes what is waiting, for two seconds at most, and forgets the rest. */
export interface Tracing extends AsyncDisposable {
  /** Where spans go, in words; nothing where none are made, or where somebody else has set up an SDK. */
  readonly target?: string;
  /** What has become of the spans of this process so far; missing where `target` is. */
  readonly spans?: () => SpanCounts;
}

/** The folder of the local store of traces. */
export function tracesDirectory(polderDirectory: string): string {
  return join(polderDirectory, "traces");
}

/**
 * Sets the OpenTelemetry SDK up for this process, unless somebody has done so: spans go to the collector that the
 * environment names, otherwise to the local store. The SDK is loaded only when spans are made.
 */
export async function setUpTracing(options: TracingOptions): Promise<Tracing> {
  const { project, env, ratioDefault, logger } = options;
  const { traces = {} } = project.loaded.config;
  if (traces === false) return idle;
  const settings = traceSettings(env, { ...traces, ratioDefault });
  for (const { place, problem } of settings.problems) logger.warn(`the environment variable ${place} ${problem}`);
  if (settings.target.kind === "nowhere") return idle;
  const { startTracing } = await import("./start-tracing.ts");
  const service = basename(project.loaded.directory);
  return startTracing({ settings, directory: tracesDirectory(project.polderDirectory), service, logger }) ?? idle;
}

const idle: Tracing = { [Symbol.asyncDispose]: async () => undefined };

/** What starting the SDK needs. */
export interface StartTracingOptions {
  readonly settings: TraceSettings;
  readonly directory: string;
  /** Name of the service, unless the environment says another. */
  readonly service: string;
  readonly logger: Logger;
}
