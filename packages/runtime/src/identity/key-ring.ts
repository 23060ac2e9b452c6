import { domainOf } from "@polder/model";
import { changeSharedFile, type Secrets } from "@polder/postgres";
import { runtimeErrors } from "../errors.ts";
import { type PublicKeysPlace, readKeyFile } from "./public-keys-place.ts";
import { keysOf, nextKid, type PublishedKey, publicHalf, publishedKeys, secretNameOf } from "./published-key.ts";

/** What a key ring needs. */
export interface KeyRingOptions {
  readonly place: PublicKeysPlace;
  /** Where the private halves are. */
  readonly secrets: Secrets;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/** How a key stands: `next` will sign, `signing` does, `replaced` is still believed, `retired` no longer. */
export type KeyState = "next" | "signing" | "replaced";

/** A key as `polder keys` shows it. */
export interface ListedKey {
  readonly kid: string;
  readonly domain: string;
  readonly state: KeyState;
  readonly signsFrom: Date;
  /** Is its private half here? */
  readonly hasPrivate: boolean;
}

/** The keys of a project's domains, where this machine may write them. */
export interface KeyRing {
  readonly list: () => Promise<readonly ListedKey[]>;
  /** Makes a first key for each of these that has none. */
  readonly ensure: (domains: readonly string[]) => void;
  /** Makes a new key for each of these, which signs after a delay in seconds; a first key signs at once. Gives their names. */
  readonly rotate: (domains: readonly string[], options: { readonly delaySeconds: number }) => readonly string[];
  /**
   * Removes keys, both halves. Without names all that were replaced for so long that no token of theirs can be under
   * way; with names these, at once. Gives those that were removed.
   *
   * @throws `KEY_UNKNOWN`, and `KEY_IN_USE` for one that its domain signs with. Nothing was removed then.
   */
  readonly retire: (kids?: readonly string[]) => readonly string[];
}

/** How long a replaced key stays, in seconds: much longer than tokens live and processes take to notice the new one. */
export const RETIRE_AFTER_SECONDS = 300;

/** Opens the keys of a project. `rotate` and `retire` throw `KEYS_READ_ONLY` where they are in no file. */
export function openKeyRing({ place, secrets, now = Date.now }: KeyRingOptions): KeyRing {
  const nowSeconds = (): number => Math.floor(now() / 1_000);
  const change = (make: (keys: readonly PublishedKey[]) => readonly PublishedKey[]): void => {
    const { file } = place;
    if (file === undefined) throw readOnly(place);
    try {
      changeSharedFile(file, { mode: 0o644 }, () => {
        const keys = readKeyFile(file);
        const changed = make(keys);
        return changed === keys ? undefined : `${JSON.stringify({ keys: changed }, undefined, 2)}\n`;
      });
    } catch (cause) {
      throw cause instanceof Error && "syscall" in cause ? readOnly(place, cause) : cause;
    }
  };
  const newKey = (domain: string, keys: readonly PublishedKey[], signsFrom: number): PublishedKey => {
    const kid = nextKid(domain, keys);
    const x = publicHalf(secrets.get(secretNameOf(kid)));
    if (x === undefined) throw keyMissing(domain, [kid], place);
    return { kid, kty: "OKP", crv: "Ed25519", x, alg: "EdDSA", use: "sig", signsFrom };
  };
  return {
    list: async () => {
      const published = publishedKeys(await place.source.load());
      return published.map((key) => ({
        kid: key.kid,
        domain: domainOf(key.kid),
        state: stateOf(key, published, nowSeconds()),
        signsFrom: new Date(key.signsFrom * 1_000),
        hasPrivate: holdsPrivate(key, secrets),
      }));
    },
    ensure: (domains) => {
      const missing = (keys: readonly PublishedKey[]) => domains.filter((domain) => keysOf(domain, keys).length === 0);
      if (missing(readKeyFile(place.file ?? "")).length === 0) return;
      change((keys) => [...keys, ...missing(keys).map((domain) => newKey(domain, keys, nowSeconds()))]);
    },
    rotate: (domains, { delaySeconds }) => {
      const made: string[] = [];
      change((keys) => {
        const added = domains.map((domain) => {
          const isFirst = keysOf(domain, keys).length === 0;
          return newKey(domain, keys, nowSeconds() + (isFirst ? 0 : delaySeconds));
        });
        made.push(...added.map(({ kid }) => kid));
        return [...keys, ...added];
      });
      return made;
    },
    retire: (kids) => {
      let retired: readonly string[] = [];
      change((keys) => {
        retired = kids ?? keys.filter((key) => isOver(key, keys, nowSeconds())).map(({ kid }) => kid);
        refuseNeeded(retired, keys, nowSeconds());
        return retired.length === 0 ? keys : keys.filter(({ kid }) => !retired.includes(kid));
      });
      for (const kid of retired) secrets.forget(secretNameOf(kid));
      return retired;
    },
  };
}

/** The secret of a key, if it is here and belongs to what is published. */
export function privateHalf(key: PublishedKey, secrets: Secrets): string | undefined {
  const secret = secrets.find(secretNameOf(key.kid));
  return secret !== undefined && publicHalf(secret) === key.x ? secret : undefined;
}

/** The error of a domain that cannot sign: none of its published keys has its private half here. */
export function keyMissing(domain: string, kids: readonly string[], place: PublicKeysPlace): Error {
  const known = kids.length === 0 ? "none of its keys is there" : `of ${kids.join(", ")} no private half is here`;
  return runtimeErrors.KEY_MISSING(
    `"${domain}" cannot prove who it is: among the public keys at ${place.name} ${known}. Run "polder keys rotate ${domain}" where that file is written, and give this process the private half as an environment variable such as POLDER_SECRET_${domain.replaceAll("-", "_").toUpperCase()}_KEY_1.`,
    { domain, kids },
  );
}

function holdsPrivate(key: PublishedKey, secrets: Secrets): boolean {
  return privateHalf(key, secrets) !== undefined;
}

/** The newest key whose time has come signs; it has replaced all that are older. */
function signingKey(domain: string, keys: readonly PublishedKey[], nowSeconds: number): PublishedKey | undefined {
  return keysOf(domain, keys).find((key) => key.signsFrom <= nowSeconds);
}

function stateOf(key: PublishedKey, keys: readonly PublishedKey[], nowSeconds: number): KeyState {
  if (key.signsFrom > nowSeconds) return "next";
  return signingKey(domainOf(key.kid), keys, nowSeconds) === key ? "signing" : "replaced";
}

function isOver(key: PublishedKey, keys: readonly PublishedKey[], nowSeconds: number): boolean {
  const signing = signingKey(domainOf(key.kid), keys, nowSeconds);
  if (signing === undefined || stateOf(key, keys, nowSeconds) !== "replaced") return false;
  return signing.signsFrom + RETIRE_AFTER_SECONDS <= nowSeconds;
}

function refuseNeeded(kids: readonly string[], keys: readonly PublishedKey[], nowSeconds: number): void {
  const unknown = kids.filter((kid) => !keys.some((key) => key.kid === kid));
  if (unknown.length > 0) {
    throw runtimeErrors.KEY_UNKNOWN(
      `There is no key ${unknown.join(", ")}, so nothing was retired; there are ${keys.map(({ kid }) => kid).join(", ") || "none"}.`,
      { kids: unknown },
    );
  }
  const needed = keys.filter((key) => kids.includes(key.kid) && stateOf(key, keys, nowSeconds) === "signing");
  const names = needed.map(({ kid }) => kid);
  if (names.length === 0) return;
  throw runtimeErrors.KEY_IN_USE(
    `${names.join(", ")} signs at present, so nothing was retired: without it the domain could not call. Run "polder keys rotate" first, with --delay 0 if the key was stolen, then retire it.`,
    { kids: names },
  );
}

function readOnly({ name }: PublicKeysPlace, cause?: Error): Error {
  const reason = cause === undefined ? "" : ` (${cause.message})`;
  return runtimeErrors.KEYS_READ_ONLY(
    `The public keys are at ${name}, where Polder cannot write${reason}. Make keys where they are a file, by "polder keys rotate", and give that file to processes that may write nothing as POLDER_PUBLIC_KEYS.`,
    { place: name },
    { cause },
  );
}
