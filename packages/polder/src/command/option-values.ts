import { momentOf } from "@polder/model";
import { InvalidArgumentError } from "commander";

/** The option that names domains. */
export const domainNames: readonly [
  flags: string,
  description: string,
  read: (text: string, before?: readonly string[]) => readonly string[],
] = ["-d, --domain <names>", "only these, with commas between them", toList];

/** The option that names the events of which something is built. */
export const eventNames: readonly [
  flags: string,
  description: string,
  read: (text: string, before?: readonly string[]) => readonly string[],
] = ["--events <names>", "the events that it is kept by, with commas between them", toList];

/** The option that says how long ago a use counts. */
export const seenSince: readonly [flags: string, description: string, read: (text: string) => Date] = [
  "-s, --since <time>",
  "how long ago a use counts: 30d, 12h, or a time (default: 30d)",
  toPast,
];

/** A port, 0 for any that is free. */
export function toPort(text: string): number {
  const port = Number(text);
  if (text === "" || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError("It is a whole number from 0 to 65535.");
  return port;
}

/** A number of things, up to 1,000. */
export function toCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_000)
    throw new InvalidArgumentError("It is a whole number from 1 to 1000.");
  return count;
}

/** The number of a build; they grow without end. */
export function toBuild(text: string): number {
  const build = Number(text);
  if (!Number.isSafeInteger(build) || build < 1)
    throw new InvalidArgumentError("It is the number of a build, as polder read-models shows it.");
  return build;
}

/** A time in seconds, up to a day. */
export function toSeconds(text: string): number {
  const seconds = Number(text);
  if (text === "" || !Number.isInteger(seconds) || seconds < 0 || seconds > 86_400)
    throw new InvalidArgumentError("It is a whole number from 0 to 86400.");
  return seconds;
}

const unitsMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time that is over: so many days, hours or minutes ago (`30d`, `12h`, `90m`), or itself, such as 2030-01-31T12:00:00Z. */
export function toPast(text: string): Date {
  const [, count = "", unit = ""] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? [];
  const atMs = unit === "" ? momentOf(text) : Date.now() - Number(count) * (unitsMs[unit] ?? 0);
  if (Number.isNaN(atMs) || atMs > Date.now())
    throw new InvalidArgumentError("It is a time that is over: 30d, 12h, 90m, or such as 2030-01-31T12:00:00Z.");
  return new Date(atMs);
}

/** A URL of HTTP. */
export function toUrl(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? "")) return text;
  throw new InvalidArgumentError("It is a URL such as http://127.0.0.1:4010/registry.");
}

/** URLs with commas between them. */
export function toUrls(text: string, before?: readonly string[]): readonly string[] {
  const urls = toList(text, before);
  if (!urls.every((url) => URL.canParse(url)))
    throw new InvalidArgumentError("Each is a URL such as https://api.example.");
  return urls;
}

/** Names with commas between them; an option that is given several times adds to what it said before. */
export function toList(text: string, before: readonly string[] = []): readonly string[] {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 0) throw new InvalidArgumentError("It is at least one name.");
  return [...before, ...names];
}
