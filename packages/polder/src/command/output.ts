import { isPolderError } from "@polder/model";
import { maskSecrets } from "@polder/runtime";
import { commandErrors } from "../errors.ts";
import { type ExitCode, exitCode } from "./exit-code.ts";
import type { CommandResult, Streams } from "./work.ts";

/** Which command speaks, to whom, and how. */
export interface Speaker {
  readonly streams: Streams;
  /** Such as `events tail`; empty for the program itself. */
  readonly command: string;
  readonly json: boolean;
}

/** Codes that say that what the user wrote is wrong, rather than that something could not run. */
const usageCodes = new Set([
  "BASE_UNKNOWN",
  "BUILD_UNFIT",
  "BUILD_UNKNOWN",
  "CONFIG_INVALID",
  "CONFIG_NOT_FOUND",
  "DECLARATION_INVALID",
  "DOMAIN_REPEATED",
  "DOMAIN_UNKNOWN",
  "DOMAINS_INVALID",
  "DEAD_LETTER_UNKNOWN",
  "DOCUMENTS_UNRELATED",
  "EVENT_UNKNOWN",
  "FROZEN_UNREADABLE",
  "ISSUER_MISSING",
  "KEY_IN_USE",
  "KEY_UNKNOWN",
  "KEYS_READ_ONLY",
  "MIGRATION_CHANGED",
  "MIGRATION_MISSING",
  "MIGRATION_OUT_OF_ORDER",
  "OPEN_API_UNREADABLE",
  "POSITION_UNAVAILABLE",
  "READ_MODEL_CHANGED",
  "READ_MODEL_UNKNOWN",
  "SAGA_UNKNOWN",
  "SCHEMA_UNSUPPORTED",
  "SUBSCRIPTION_UNKNOWN",
  "URL_INVALID",
  "USAGE",
]);

/** Writes what a command found: the text, or with `--json` one object `{ ok, command, data }`. */
export function writeResult({ streams, command, json }: Speaker, result: CommandResult): ExitCode {
  const { data, text, code = exitCode.clean } = result;
  if (!json && text !== undefined) streams.out(maskSecrets(`${text}\n`));
  if (json && data !== undefined) streams.out(jsonLine({ ok: code === exitCode.clean, command, data }));
  return code;
}

/** The error of a command that was asked to end: what it then failed with says nothing more. */
export function explainFailure({ command }: Speaker, error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted || isPolderError(error)) return error;
  return commandErrors.INTERRUPTED(
    "It was interrupted. What it had done by then is done, nothing of the step under way was kept; run it again.",
    { command },
    { cause: error },
  );
}

/** Writes why a command could not do its work: on the error stream, or with `--json` one object `{ ok: false, command, error }`. */
export function writeFailure({ streams, command, json }: Speaker, error: unknown): ExitCode {
  const code = isPolderError(error) && usageCodes.has(error.code) ? exitCode.usage : exitCode.failed;
  const message = error instanceof Error ? error.message : String(error);
  if (json) {
    const known = isPolderError(error)
      ? { code: error.code, docs: error.docs, details: error.details }
      : { code: "UNEXPECTED" };
    streams.out(jsonLine({ ok: false, command, error: { ...known, message } }));
    return code;
  }
  const who = `polder ${command}`.trim();
  const where = isPolderError(error) ? `\n${error.code}, see ${error.docs}\n` : stackOf(error);
  streams.err(maskSecrets(`${who}: ${message}\n${where}`));
  return code;
}

/** An object on a line, as `--json` has it. */
export function jsonLine(value: unknown): string {
  return maskSecrets(`${JSON.stringify(value, (_key, part) => (typeof part === "bigint" ? String(part) : part))}\n`);
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

/** What nobody has foreseen is shown as it is, for a report of it. */
function stackOf(error: unknown): string {
  return error instanceof Error ? `${error.stack?.split("\n").slice(1).join("\n") ?? ""}\n` : "";
}
