import { refusal } from "./refusal.ts";

/** A subject: the name under which versions of a schema are kept, within a context. */
export interface Subject {
  /** `.` is the default context; others begin with a point, such as `.staging`. */
  readonly context: string;
  /** Empty where the context itself is meant. */
  readonly name: string;
}

/** The context of subjects that name none. */
export const DEFAULT_CONTEXT = ".";

/** The context and the subject under which the settings of the whole registry are kept. */
export const EVERYWHERE: Subject = { context: DEFAULT_CONTEXT, name: "" };

/** Longest name of a subject with its context, in characters: it is part of keys. */
const SUBJECT_LENGTH_MAX = 500;

const qualified = /^:(\.[^:]*):(.*)$/s;

/**
 * Reads a subject: `orders-value`, or with its context `:.staging:orders-value`.
 *
 * @param context of subjects that name none.
 * @throws `REGISTRY_REFUSED` 42208 for what is no subject.
 */
export function subjectOf(text: string, context: string = DEFAULT_CONTEXT): Subject {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (text.length > SUBJECT_LENGTH_MAX || /[\u0000-\u001f\u007f]/.test(text)) throw refusal.subjectInvalid(text);
  const found = qualified.exec(text);
  const subject = found === null ? { context, name: text } : { context: found[1] ?? context, name: found[2] ?? "" };
  // The name that Confluent's clients have for the settings of all contexts.
  if (subject.context === ".__GLOBAL") return EVERYWHERE;
  if (subject.name === "" && found === null) throw refusal.subjectInvalid(text);
  return subject;
}

/** A context as a path names it: with or without the point, with or without colons. */
export function contextOf(text: string): string {
  const name = text.replace(/^:/, "").replace(/:$/, "");
  const context = name.startsWith(".") ? name : `.${name}`;
  return subjectOf(`:${context}:`).context;
}

/** A subject as clients see it: without the default context. */
export function nameOfSubject({ context, name }: Subject): string {
  return context === DEFAULT_CONTEXT ? name : `:${context}:${name}`;
}
