import type { Format } from "ajv";
import { fullFormats } from "ajv-formats/dist/formats.js";

/** Longer texts are not tried: the expressions behind formats were not made for everything. */
const TRIED_MAX = 1_000;

/** What validators know of a format. */
export interface KnownFormat {
  readonly holds: (text: string) => boolean | undefined;
  /** Texts that have the format. */
  readonly samples: readonly string[];
  /** Least and greatest number of characters of any text that has the format. */
  readonly lengths: readonly [min: number, max: number];
}

const samples: Readonly<Record<string, readonly string[]>> = {
  date: ["2024-02-29", "1999-12-31"],
  time: ["12:00:00Z", "23:59:59.5+02:00"],
  "date-time": ["2024-02-29T12:00:00Z", "1999-12-31T23:59:59.5+02:00"],
  duration: ["P1D", "PT1H30M"],
  uri: ["https://example.org/a", "urn:a:b"],
  "uri-reference": ["/a", "https://example.org/a"],
  "uri-template": ["/{a}", "https://example.org/{a}"],
  url: ["https://example.org/a", "http://example.org"],
  email: ["a@example.org", "somebody@example.com"],
  hostname: ["example.org", "a"],
  ipv4: ["127.0.0.1", "10.20.30.40"],
  ipv6: ["::1", "2001:db8::1"],
  uuid: ["0b0f3a52-9d0e-4a3c-8f7e-0d6f2b3c4d5e", "018f2c3a-6b7d-7c1e-8a4b-2f5d6e7f8091"],
  "json-pointer": ["", "/a", "/a/b"],
  "json-pointer-uri-fragment": ["#", "#/a"],
  "relative-json-pointer": ["0", "1/a"],
  regex: ["a", "a+"],
};

const lengths: Readonly<Record<string, readonly [number, number]>> = {
  date: [10, 10],
  ipv4: [7, 15],
  ipv6: [2, 45],
  uuid: [36, 45],
};

/** Formats that say something of numbers, and nothing of strings. */
export const numberFormats: ReadonlySet<string> = new Set(["int32", "int64", "float", "double"]);

/** What is known of a format of strings; nothing where validators may each do as they like. */
export function knownFormat(name: string): KnownFormat | undefined {
  const texts = Object.hasOwn(samples, name) ? samples[name] : undefined;
  if (texts === undefined) return undefined;
  const test = testOf((fullFormats as Readonly<Record<string, Format>>)[name]);
  const least = test("") === false ? 1 : 0;
  return {
    samples: texts,
    lengths: lengths[name] ?? [least, Number.POSITIVE_INFINITY],
    holds: (text) => (text.length > TRIED_MAX ? undefined : test(text)),
  };
}

/**
 * Whether a pattern beside a format is only how a schema library says the format: it takes what the format takes. One
 * that says more, such as the domain of an address, does not; nor can one where nobody else knows the format.
 */
export function isPatternOf(format: string, pattern: string): boolean {
  const known = Object.hasOwn(samples, format) ? samples[format] : undefined;
  if (known === undefined) return false;
  // Some libraries take times in UTC alone for this format.
  const usual = format === "date-time" ? known.slice(0, 1) : known;
  try {
    const expression = new RegExp(pattern, "u");
    return usual.every((text) => expression.test(text));
  } catch {
    // Validators could not read it.
    return true;
  }
}

function testOf(format: Format | undefined): (text: string) => boolean | undefined {
  const validate = typeof format === "object" && !(format instanceof RegExp) ? format.validate : format;
  if (validate instanceof RegExp) return (text) => validate.test(text);
  if (typeof validate === "function") return (text) => (validate as (text: string) => boolean)(text);
  return () => undefined;
}
