import { isPolderError, type LogFields, type Logger } from "@polder/model";
import { maskSecrets } from "./mask-secrets.ts";
import { sourcePlace } from "./source-place.ts";
import { activeTrace } from "./tracing.ts";
import { workAtHand } from "./work-at-hand.ts";

/** How much is said; each level includes those after it. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** How lines look: JSON for machines, or words for a person at a terminal. */
export type LogFormat = "json" | "text";

const weight: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/**
 * Makes a logger that writes one line a call. As JSON: `at`, `level`, `message`, in the course of a trace `traceId`,
 * `spanId` and `domain`, then the fields, errors with their code, stack and causes. As text: time, the first digits of
 * the trace, domain, message, the error in a few words, then the other fields. Passwords are masked in both.
 */
export function createLogger(options: {
  readonly write: (line: string) => void;
  /** Default "json". */
  readonly format?: LogFormat;
  /** The lowest level that is written. Default "info". */
  readonly level?: LogLevel;
  /** On every line, such as `{ domain: "order" }`. */
  readonly fields?: LogFields;
}): Logger {
  const { write, format = "json", level = "info", fields = {} } = options;
  const line = safely(format === "json" ? jsonLine : textLine);
  const at =
    (lineLevel: LogLevel) =>
    (message: string, more: LogFields = {}) => {
      if (weight[lineLevel] >= weight[level])
        write(maskSecrets(line(lineLevel, message, { ...whereabouts(), ...fields, ...more })));
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A logger that puts fields on every line of another. */
export function withFields(logger: Logger, fields: LogFields): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, more: LogFields = {}) =>
      logger[level](message, { ...fields, ...more });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function whereabouts(): LogFields {
  const trace = activeTrace();
  if (trace === undefined) return {};
  const domain = workAtHand()?.domain;
  return domain === undefined ? trace : { ...trace, domain };
}

type Line = (level: LogLevel, message: string, fields: LogFields) => string;

/** Whatever was thrown or handed in is logged somehow: a circle, or an object that cannot be turned into a text. */
function safely(line: Line): Line {
  const isWritable = (name: string, value: unknown): boolean => {
    try {
      line("info", "", { [name]: value });
      return true;
    } catch {
      return false;
    }
  };
  return (level, message, fields) => {
    try {
      return line(level, message, fields);
    } catch {
      const entries = Object.entries(fields);
      const safe = entries.map(([name, value]) => [name, isWritable(name, value) ? value : "cannot be written"]);
      return line(level, message, Object.fromEntries(safe));
    }
  };
}

function jsonLine(level: LogLevel, message: string, fields: LogFields): string {
  return `${JSON.stringify({ at: new Date().toISOString(), level, message, ...fields }, plain)}\n`;
}

/** Causes that a line follows at most. */
const CAUSES_MAX = 5;
const secretField = /^(?:password|secret|token|authorization)$/i;

/** Errors have no fields of their own that JSON would see, and bigints none at all. */
function plain(name: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (secretField.test(name)) return "***";
  return value instanceof Error ? plainError(value, CAUSES_MAX) : value;
}

function plainError(error: Error, causesMax: number): object {
  const { cause } = error;
  const code: unknown = "code" in error ? error.code : undefined;
  return {
    name: error.name,
    ...(typeof code === "string" ? { code } : {}),
    message: error.message,
    ...(isPolderError(error) ? { docs: error.docs } : {}),
    stack: error.stack,
    ...(cause === undefined || causesMax === 0
      ? {}
      : { cause: cause instanceof Error ? plainError(cause, causesMax - 1) : cause }),
  };
}

/** Digits of a trace's id on a line for people: enough to find it by. */
const TRACE_DIGITS = 12;

/** Longest text of one field on a line for people. */
const FIELD_LENGTH_MAX = 200;

function textLine(level: LogLevel, message: string, fields: LogFields): string {
  const { domain, subscription, error, traceId, spanId: _spanId, ...rest } = fields;
  const time = new Date().toTimeString().slice(0, 8);
  const urgency = level === "info" ? "" : `${level}: `;
  const place = [domain, subscription].filter((part) => typeof part === "string").join("/");
  const reason = error === undefined ? "" : `: ${errorInWords(error)}`;
  const others = Object.entries(rest).map(([name, value]) => ` ${name}=${fieldText(name, value)}`);
  const trace = typeof traceId === "string" ? `[${traceId.slice(0, TRACE_DIGITS)}] ` : "";
  return `${time} ${trace}${urgency}${place === "" ? "" : `${place}: `}${message}${reason}${others.join("")}\n`;
}

function fieldText(name: string, value: unknown): string {
  const shown = plain(name, value);
  const text = typeof shown === "string" && /^[^\s"=]+$/.test(shown) ? shown : (JSON.stringify(shown, plain) ?? "");
  return text.length > FIELD_LENGTH_MAX ? `${text.slice(0, FIELD_LENGTH_MAX)}…` : text;
}

function errorInWords(error: unknown): string {
  const [first = ""] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
  if (isPolderError(error)) return `${error.code} ${first}`;
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  const place = sourcePlace(error instanceof Error ? (error.stack ?? "") : String(error));
  return `${typeof code === "string" ? `${code} ` : ""}${first}${place === undefined ? "" : ` (${place})`}`;
}
