import { domainOf, type Problem, schemaName } from "@polder/model";
import { settingsInvalid } from "./database-settings.ts";
import type { LoadedConfig } from "./load-config.ts";
import type { LoadedDomain } from "./load-domains.ts";

/** The base URLs of domains that run in other processes, by name; each list is tried in turn. */
export type BaseUrls = Readonly<Record<string, readonly string[]>>;

/** What {@link readBaseUrls} reads. */
export interface UrlSources {
  readonly loaded: LoadedConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly domains: readonly LoadedDomain[];
}

const PREFIX = "POLDER_URL_";

/**
 * Where domains of other processes are called: `urls` of the configuration and `POLDER_URL_<DOMAIN>` of the environment,
 * several base URLs with commas between them.
 *
 * @throws `CONFIG_INVALID` with every entry that names no domain, several, or one that has its URLs already.
 */
export function readBaseUrls({ loaded, env, domains }: UrlSources): BaseUrls {
  const known = knownDomains(domains);
  const problems: Problem[] = [];
  const found = new Map<string, readonly string[]>();
  for (const [domain, urls] of Object.entries(loaded.config.urls ?? {})) {
    if (known.includes(domain)) found.set(domain, typeof urls === "string" ? [urls] : urls);
    else problems.push({ place: `urls.${domain}`, problem: strange(domain, known) });
  }
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || !text) continue;
    const domain = known.find((name) => variable === urlVariable(name));
    const urls = text.split(",").map((url) => url.trim());
    if (domain === undefined) problems.push({ place: variable, problem: strange(variable, known) });
    else if (!urls.every(isBaseUrl))
      problems.push({
        place: variable,
        problem: "must be URLs such as http://127.0.0.1:4001, with commas between them",
      });
    else if (found.has(domain) && found.get(domain)?.join() !== urls.join())
      problems.push({
        place: variable,
        problem: `says where "${domain}" is, and so does urls.${domain}; keep one of them`,
      });
    else found.set(domain, urls);
  }
  if (problems.length > 0) throw settingsInvalid(loaded, problems);
  return Object.fromEntries(found);
}

/** Can calls go there? */
export function isBaseUrl(text: unknown): boolean {
  return typeof text === "string" && ["http:", "https:"].includes(URL.parse(text)?.protocol ?? "");
}

function urlVariable(domain: string): string {
  return PREFIX + schemaName(domain).toUpperCase();
}

/** The domains of the project, and those of others whose APIs they need. */
function knownDomains(domains: readonly LoadedDomain[]): readonly string[] {
  const needed = domains.flatMap(({ implementation }) =>
    implementation.domain.needs.flatMap(({ contract }) => (contract.kind === "api" ? [domainOf(contract.name)] : [])),
  );
  return [...new Set([...domains.map(({ name }) => name), ...needed])];
}

function strange(name: string, known: readonly string[]): string {
  const parts = name.split(/[,\s]+/);
  if (parts.length > 1 && parts.every((part) => known.includes(part)))
    return "names several domains; give each an entry of its own";
  return `names no domain that is here or needed here; there are ${known.join(", ")}`;
}
