import { isPolderError } from "@polder/model";

/** How a command ended, as the shell sees it. */
export const exitCode = {
  /** Done, and nothing to report. */
  clean: 0,
  /** Done, and there is something to look at: drift, dead letters, nothing found. */
  findings: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** It could not run: no database, a port in use. */
  failed: 3,
} as const;

/** One of the exit codes of the command. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** Where a command writes to. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** What a command found, for people and for programs. */
export interface CommandResult {
  /** For `--json`. */
  readonly data: unknown;
  /** For people; ends without a line break. */
  readonly text: string;
  readonly code?: ExitCode;
}

/** Codes that say that what the user wrote is wrong, rather than that something could not run. */
const usageCodes = new Set([
  "CONFIG_INVALID",
  "CONFIG_NOT_FOUND",
  "DECLARATION_INVALID",
  "DOMAIN_UNKNOWN",
  "DOMAINS_INVALID",
  "DEAD_LETTER_UNKNOWN",
  "EVENT_UNKNOWN",
  "MIGRATION_CHANGED",
  "MIGRATION_MISSING",
  "MIGRATION_OUT_OF_ORDER",
  "URL_INVALID",
  "USAGE",
]);

/** Writes what a command found: the text, or with `--json` one object `{ ok, command, data }`. */
export function writeResult(streams: Streams, command: string, result: CommandResult, json: boolean): ExitCode {
  const code = result.code ?? exitCode.clean;
  streams.out(
    json
      ? `${JSON.stringify({ ok: code === exitCode.clean, command, data: result.data }, plain)}\n`
      : `${result.text}\n`,
  );
  return code;
}

/** Writes why a command could not do its work: on the error stream, or with `--json` one object `{ ok: false, command, error }`. */
export function writeFailure(streams: Streams, command: string, error: unknown, json: boolean): ExitCode {
  const code = isPolderError(error) && usageCodes.has(error.code) ? exitCode.usage : exitCode.failed;
  const message = error instanceof Error ? error.message : String(error);
  const known = isPolderError(error)
    ? { code: error.code, docs: error.docs, details: error.details }
    : { code: "UNEXPECTED" };
  if (json) {
    streams.out(`${JSON.stringify({ ok: false, command, error: { ...known, message } }, plain)}\n`);
  } else {
    const stack = isPolderError(error) || !(error instanceof Error) ? "" : `\n${error.stack ?? ""}`;
    streams.err(
      `polder ${command}: ${message}${stack}\n${isPolderError(error) ? `\n${error.code}, see ${error.docs}\n` : ""}`,
    );
  }
  return code;
}

/** A table for a terminal: a head, then a row a line, columns by their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(head.map((title) => title.toUpperCase())), ...rows.map(line)].join("\n");
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
