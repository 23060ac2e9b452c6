/** What a line of the log may carry: plain JSON values. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where Polder writes what it has to say: one structured line a call. */
export interface Logger {
  readonly debug: (message: string, fields?: LogFields) => void;
  readonly info: (message: string, fields?: LogFields) => void;
  readonly warn: (message: string, fields?: LogFields) => void;
  readonly error: (message: string, fields?: LogFields) => void;
}

/** A logger that says nothing: the default of every library function. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
