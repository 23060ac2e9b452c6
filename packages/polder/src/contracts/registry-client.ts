import { maskSecrets } from "@polder/runtime";
import { commandErrors } from "../errors.ts";

/** A version of a subject, as far as pushing looks at it. */
export interface KeptVersion {
  readonly subject: string;
  readonly version: number;
  readonly schema: string;
  readonly metadata?: { readonly properties?: Readonly<Record<string, string>> };
}

/** What is sent of a schema. */
export interface SentSchema {
  readonly schema: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** A registry with the REST of Confluent Schema Registry. Everything throws `REGISTRY_UNUSABLE`. */
export interface RegistryClient {
  /** All versions of the subjects whose names begin so. */
  readonly versions: (prefix: string) => Promise<readonly KeptVersion[]>;
  readonly setCompatibility: (subject: string, compatibility: string) => Promise<void>;
  /** Registers a JSON Schema; gives the registry's words where it is not compatible. */
  readonly register: (subject: string, sent: SentSchema) => Promise<string | undefined>;
}

/** How long an answer may take, in milliseconds. */
const ANSWER_MS = 30_000;

/** Versions that are asked for at once. */
const PAGE_SIZE = 500;

/** Speaks to the registry at a URL; a user and a password in it are sent as HTTP Basic. */
export function openRegistryClient(url: string, { signal }: { readonly signal: AbortSignal }): RegistryClient {
  const base = new URL(url);
  const credentials = `${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}`;
  const authorization: Readonly<Record<string, string>> =
    base.username === "" ? {} : { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
  base.username = "";
  base.password = "";
  const root = base.href.replace(/\/$/, "");
  const ask = async (method: string, path: string, body?: object): Promise<Answer> => {
    const headers = { ...authorization, "content-type": "application/vnd.schemaregistry.v1+json" };
    const timeout = AbortSignal.timeout(ANSWER_MS);
    try {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await fetch(`${root}${path}`, {
        method,
        headers,
        ...sent,
        signal: AbortSignal.any([signal, timeout]),
      });
      return { status: response.status, body: (await response.json()) as unknown };
    } catch (cause) {
      if (signal.aborted) throw cause;
      throw unusable(
        root,
        undefined,
        timeout.aborted ? `it has not answered for ${ANSWER_MS} ms` : reasonOf(cause),
        cause,
      );
    }
  };
  const asked = async (method: string, path: string, body?: object): Promise<unknown> => {
    const { status, body: answer } = await ask(method, path, body);
    if (status === 200) return answer;
    throw unusable(root, status, `${method} ${path} was answered with ${status}: ${messageOf(answer)}`);
  };
  return {
    versions: async (prefix) => {
      const all: KeptVersion[] = [];
      for (;;) {
        const query = `subjectPrefix=${encodeURIComponent(prefix)}&offset=${all.length}&limit=${PAGE_SIZE}`;
        const page = (await asked("GET", `/schemas?${query}`)) as readonly KeptVersion[];
        all.push(...page);
        if (page.length < PAGE_SIZE) return all;
      }
    },
    setCompatibility: async (subject, compatibility) => {
      const config = { compatibility, compatibilityPolicy: "LENIENT" };
      await asked("PUT", `/config/${encodeURIComponent(subject)}`, config);
    },
    register: async (subject, { schema, properties }) => {
      const path = `/subjects/${encodeURIComponent(subject)}/versions`;
      const { status, body } = await ask("POST", path, { schemaType: "JSON", schema, metadata: { properties } });
      if (status === 200) return undefined;
      if (status === 409) return messageOf(body);
      throw unusable(root, status, `POST ${path} was answered with ${status}: ${messageOf(body)}`);
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Characters of an answer that are shown. */
const SHOWN_MAX = 2_000;

function messageOf(body: unknown): string {
  const { message } = Object(body) as { readonly message?: unknown };
  return (typeof message === "string" ? message : JSON.stringify(body)).slice(0, SHOWN_MAX);
}

function reasonOf(cause: unknown): string {
  const { message, cause: inner } = Object(cause) as { readonly message?: string; readonly cause?: unknown };
  const deeper = (Object(inner) as { readonly message?: string; readonly code?: string }) ?? {};
  return deeper.message || deeper.code || message || String(cause);
}

function unusable(url: string, status: number | undefined, why: string, cause?: unknown): Error {
  return commandErrors.REGISTRY_UNUSABLE(
    `The registry at ${maskSecrets(url)} cannot be used: ${why}. What it had taken before stays; see that it runs there and lets you in, and push again.`,
    { url: maskSecrets(url), status },
    { cause },
  );
}
