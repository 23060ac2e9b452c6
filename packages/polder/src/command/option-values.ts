import { InvalidArgumentError } from "commander";

/** The option that names domains. */
export const domainNames: readonly [
  flags: string,
  description: string,
  read: (text: string, before?: readonly string[]) => readonly string[],
] = ["-d, --domain <names>", "only these, with commas between them", toList];

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

/** A time in seconds, up to a day. */
export function toSeconds(text: string): number {
  const seconds = Number(text);
  if (text === "" || !Number.isInteger(seconds) || seconds < 0 || seconds > 86_400)
    throw new InvalidArgumentError("It is a whole number from 0 to 86400.");
  return seconds;
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
