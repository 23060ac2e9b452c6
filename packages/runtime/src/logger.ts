import { isPolderError, type LogFields, type Logger } from "@polder/model";

/** How much is said; each level includes those after it. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** How lines look: JSON for machines, or words for a person at a terminal. */
export type LogFormat = "json" | "text";

const weight: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Makes a logger that writes one line a call: time, level, message, then the fields. */
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
  const line = format === "json" ? jsonLine : textLine;
  const at = (lineLevel: LogLevel) => (message: string, more: LogFields = {}) => {
    if (weight[lineLevel] >= weight[level]) write(line(lineLevel, message, { ...fields, ...more }));
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A logger that puts fields on every line of another. */
export function withFields(logger: Logger, fields: LogFields): Logger {
  const at = (level: LogLevel) => (message: string, more: LogFields = {}) => logger[level](message, { ...fields, ...more });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function jsonLine(level: LogLevel, message: string, fields: LogFields): string {
  return `${JSON.stringify({ at: new Date().toISOString(), level, message, ...fields }, plain)}\n`;
}

function textLine(level: LogLevel, message: string, fields: LogFields): string {
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${value instanceof Error ? JSON.stringify(value.message) : JSON.stringify(value, plain)}`);
  return `${level === "info" ? "" : `${level}: `}${message}${rest.join("")}\n`;
}

/** Errors have no fields of their own that JSON would see, and bigints none at all. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (!(value instanceof Error)) return value;
  return {
    name: value.name,
    message: value.message,
    ...(isPolderError(value) ? { code: value.code, docs: value.docs } : {}),
    stack: value.stack,
    ...(value.cause === undefined ? {} : { cause: value.cause }),
  };
}
