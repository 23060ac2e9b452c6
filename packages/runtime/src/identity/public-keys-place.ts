import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fetchJson, type KeySetOptions, keySetOf, keysUnavailable } from "@polder/http";
import { type PublishedKey, publishedKeys } from "./published-key.ts";

/** Where the public keys of all domains are. */
export interface PublicKeysPlace {
  /** For people: a path, a URL, or the variable that holds them. */
  readonly name: string;
  /** The file, where it is one: Polder may write it. */
  readonly file?: string;
  /** Polder makes this file by itself: nobody has named another place. */
  readonly isOwn: boolean;
  /** How they are loaded, and how often. */
  readonly source: Pick<KeySetOptions, "load" | "refreshMs" | "cooldownMs">;
}

/** A file is looked at this often, in milliseconds. */
const FILE_REFRESH_MS = 2_000;

/** Another machine is asked this often, in milliseconds. */
const URL_REFRESH_MS = 30_000;

/**
 * Says where the public keys are: in what is given (a URL, a key set as JSON, or a path relative to `directory`), or
 * else in `.polder/keys.json`.
 */
export function publicKeysPlace(options: {
  /** What the variable or the configuration says, if anything. */
  readonly given: string | undefined;
  readonly directory: string;
  readonly polderDirectory: string;
}): PublicKeysPlace {
  const { given, directory, polderDirectory } = options;
  if (given === undefined || given === "") return inFile(ownKeyFile(polderDirectory), true);
  if (given.trimStart().startsWith("{")) return inText(given);
  if (!/^https?:/.test(given)) return inFile(resolve(directory, given), false);
  const load = async () => keySetOf(await fetchJson(given), given);
  return { name: given, isOwn: false, source: { load, refreshMs: URL_REFRESH_MS, cooldownMs: 2_000 } };
}

/** The keys that Polder has made on this machine and that are not the same, or not there, in another place. */
export async function unpublishedKeys(options: {
  readonly place: PublicKeysPlace;
  readonly polderDirectory: string;
}): Promise<readonly string[]> {
  const published = publishedKeys(await options.place.source.load());
  const made = readKeyFile(ownKeyFile(options.polderDirectory));
  return made.filter(({ kid, x }) => !published.some((key) => key.kid === kid && key.x === x)).map(({ kid }) => kid);
}

function ownKeyFile(polderDirectory: string): string {
  return join(polderDirectory, "keys.json");
}

/** The keys in a file; none where there is no file. */
export function readKeyFile(file: string): readonly PublishedKey[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return [];
    throw keysUnavailable(file, String(cause), cause);
  }
  return publishedKeys(keySetOf(parsed(text, file), file));
}

function inFile(file: string, isOwn: boolean): PublicKeysPlace {
  const load = async () => ({ keys: [...readKeyFile(file)] });
  return { name: file, file, isOwn, source: { load, refreshMs: FILE_REFRESH_MS, cooldownMs: 100 } };
}

function inText(text: string): PublicKeysPlace {
  const name = "POLDER_PUBLIC_KEYS";
  const load = async () => keySetOf(parsed(text, name), name);
  return { name, isOwn: false, source: { load, refreshMs: Number.POSITIVE_INFINITY, cooldownMs: 60_000 } };
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw keysUnavailable(name, "it is no JSON", cause);
  }
}
