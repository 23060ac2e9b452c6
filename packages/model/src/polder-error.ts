/** What an error of Polder carries besides its message. */
export interface PolderErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** A few words that are the same for every error of the code. Default: the code. */
  readonly title?: string;
}

/**
 * The one error class of Polder: match on `code`, never on the class, so that two copies of a
 * package in one process still understand each other.
 *
 * The message says what happened and to what, why, and what to do next. `docs` names the page
 * that explains the code.
 */
export class PolderError<Code extends string = string, Details = unknown> extends Error {
  override readonly name = "PolderError";
  readonly code: Code;
  readonly details: Details;
  readonly title: string;

  constructor(code: Code, message: string, details: Details, options: PolderErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.details = details;
    this.title = options.title ?? code;
  }

  /** The page about this code, relative to the root of Polder's documentation. */
  get docs(): string {
    return `docs/errors/${this.code}.md`;
  }
}

/** Says whether a value is an error of Polder, optionally with one of the given codes. */
export function isPolderError<Code extends string>(
  value: unknown,
  ...codes: readonly Code[]
): value is PolderError<Code> {
  if (!(value instanceof Error) || value.name !== "PolderError" || !("code" in value)) return false;
  return codes.length === 0 || (codes as readonly unknown[]).includes(value.code);
}

/** Makes an error of one code. */
export type ErrorMaker<Code extends string, Details> = (
  message: string,
  details: Details,
  options?: PolderErrorOptions,
) => PolderError<Code, Details>;

/** One maker for each code. */
export type ErrorMakers<Codes> = { readonly [Code in keyof Codes & string]: ErrorMaker<Code, Codes[Code]> };

/**
 * Declares the error codes of a package: the type names each code with its details, the value gives
 * each a title. `throw errors.PORT_IN_USE("Port 80 is taken…", { port: 80 })`.
 *
 * The codes of a package stand in one file, `errors.ts`; each has a page `docs/errors/<CODE>.md`.
 */
export function defineErrors<Codes extends object>(
  titles: {
    readonly [Code in keyof Codes & string]: string;
  },
): ErrorMakers<Codes> {
  const makers = Object.entries<string>(titles).map(([code, title]): [string, ErrorMaker<string, unknown>] => [
    code,
    (message, details, options) => new PolderError(code, message, details, { ...options, title }),
  ]);
  return Object.fromEntries(makers) as ErrorMakers<Codes>;
}
