import { callRulesProblems } from "@polder/http";
import { accessProblems, type Problem } from "@polder/model";
import { isBaseUrl } from "./base-urls.ts";
import { embeddedName, isVariable } from "./database-settings.ts";

const settings = [
  "domains",
  "database",
  "databases",
  "http",
  "urls",
  "identity",
  "gateway",
  "registry",
  "calls",
  "connectionsMax",
  "prepare",
  "retention",
  "traces",
  "metrics",
  "slow",
];

/** A batch under way holds one connection, and its lease is renewed over another. */
const CONNECTIONS_MIN = 2;

/** What is wrong with the default export of a configuration, all of it. Pure. */
export function configProblems(value: unknown): readonly Problem[] {
  if (!isObject(value))
    return [{ place: "default export", problem: "is missing; write export default defineConfig({ … })" }];
  return [
    ...unknownFields(value, settings, ""),
    ...domainsProblems(value["domains"]),
    ...(value["database"] === undefined || typeof value["database"] === "string"
      ? []
      : [{ place: "database", problem: 'must be a text such as "postgres://…"' }]),
    ...databasesProblems(value["databases"]),
    ...httpProblems(value["http"], "http"),
    ...urlsProblems(value["urls"]),
    ...callRulesProblems(value["calls"], "calls"),
    ...identityProblems(value["identity"]),
    ...gatewayProblems(value["gateway"]),
    ...registryProblems(value["registry"]),
    ...connectionsProblems(value["connectionsMax"]),
    ...(value["prepare"] === undefined || typeof value["prepare"] === "boolean"
      ? []
      : [{ place: "prepare", problem: "must be true or false" }]),
    ...retentionProblems(value["retention"]),
    ...tracesProblems(value["traces"]),
    ...(value["metrics"] === undefined || typeof value["metrics"] === "boolean"
      ? []
      : [{ place: "metrics", problem: "must be true or false" }]),
    ...slowProblems(value["slow"]),
  ];
}

function domainsProblems(domains: unknown): readonly Problem[] {
  if (!Array.isArray(domains) || domains.length === 0)
    return [{ place: "domains", problem: 'must list the folders of the domains, such as ["./domains/order"]' }];
  return domains.flatMap((folder: unknown, index) =>
    typeof folder === "string" && folder !== ""
      ? []
      : [{ place: `domains[${index}]`, problem: "must be the path of a folder" }],
  );
}

function databasesProblems(databases: unknown): readonly Problem[] {
  if (databases === undefined) return [];
  if (!isObject(databases))
    return [{ place: "databases", problem: "must be an object: the database of each domain, by its name" }];
  return Object.entries(databases).flatMap(([domain, database]) =>
    typeof database === "string" &&
    (database.includes("://") || isVariable(database) || embeddedName(database) !== undefined)
      ? []
      : [
          {
            place: `databases.${domain}`,
            problem: 'must be "postgres://…", the name of an environment variable, or such as "embedded:stock"',
          },
        ],
  );
}

function httpProblems(http: unknown, place: string, others: readonly string[] = []): readonly Problem[] {
  if (http === undefined) return [];
  if (!isObject(http)) return [{ place, problem: "must be an object such as { port: 4000 }" }];
  const { host, port } = http;
  const problems = [...unknownFields(http, ["host", "port", ...others], `${place}.`)];
  if (host !== undefined && (typeof host !== "string" || host === ""))
    problems.push({ place: `${place}.host`, problem: 'must be an address such as "0.0.0.0"' });
  if (port !== undefined && !(Number.isInteger(port) && Number(port) >= 0 && Number(port) <= 65_535))
    problems.push({ place: `${place}.port`, problem: "must be a whole number from 0 to 65535" });
  return problems;
}

function urlsProblems(urls: unknown): readonly Problem[] {
  if (urls === undefined) return [];
  if (!isObject(urls))
    return [{ place: "urls", problem: "must be an object: the base URL of each domain, by its name" }];
  return Object.entries(urls).flatMap(([domain, url]) => {
    const list: readonly unknown[] = Array.isArray(url) ? url : [url];
    return list.length > 0 && list.every(isBaseUrl)
      ? []
      : [{ place: `urls.${domain}`, problem: "must be a URL such as http://127.0.0.1:4001, or a list of them" }];
  });
}

/** More than this far apart, a token would be of use for longer than it is remembered, in seconds. */
const CLOCK_TOLERANCE_MAX = 60;

function identityProblems(identity: unknown): readonly Problem[] {
  if (identity === undefined) return [];
  if (!isObject(identity))
    return [{ place: "identity", problem: 'must be an object such as { publicKeys: "https://…" }' }];
  const { publicKeys, clockToleranceSeconds: tolerance } = identity;
  const problems = unknownFields(identity, ["publicKeys", "clockToleranceSeconds"], "identity.");
  if (publicKeys !== undefined && (typeof publicKeys !== "string" || publicKeys === ""))
    problems.push({ place: "identity.publicKeys", problem: "must be a URL or the path of a file" });
  return [...problems, ...toleranceProblems(tolerance, "identity")];
}

function toleranceProblems(tolerance: unknown, place: string): readonly Problem[] {
  if (tolerance === undefined) return [];
  if (typeof tolerance === "number" && tolerance >= 0 && tolerance <= CLOCK_TOLERANCE_MAX) return [];
  const problem = `must be a number from 0 to ${CLOCK_TOLERANCE_MAX}`;
  return [{ place: `${place}.clockToleranceSeconds`, problem }];
}

function gatewayProblems(gateway: unknown): readonly Problem[] {
  const problems = [...httpProblems(gateway, "gateway", ["issuer", "rateLimit", "documents", "registry", "composes"])];
  if (!isObject(gateway)) return problems;
  const { issuer, rateLimit, documents, registry, composes } = gateway;
  if (documents !== undefined && !["open", "all", "none"].includes(String(documents)))
    problems.push({ place: "gateway.documents", problem: 'must be "open", "all" or "none"' });
  return [
    ...problems,
    ...issuerProblems(issuer),
    ...rateLimitProblems(rateLimit),
    ...gatewayRegistryProblems(registry),
    ...composesProblems(composes),
  ];
}

function composesProblems(composes: unknown): readonly Problem[] {
  if (composes === undefined) return [];
  if (
    Array.isArray(composes) &&
    composes.every((name) => typeof name === "string") &&
    new Set(composes).size === composes.length
  )
    return [];
  const problem = 'must list names of domains, each once, such as ["storefront"]';
  return [{ place: "gateway.composes", problem }];
}

function gatewayRegistryProblems(registry: unknown): readonly Problem[] {
  if (registry === undefined) return [];
  const place = "gateway.registry";
  if (!isObject(registry)) return [{ place, problem: 'must be an object such as { read: "signed-in" }' }];
  const { read, write } = registry;
  return [
    ...unknownFields(registry, ["read", "write"], `${place}.`),
    ...(read === undefined
      ? [{ place: `${place}.read`, problem: 'is missing: say who may, such as "signed-in"' }]
      : []),
    ...accessProblems(read, `${place}.read`),
    ...accessProblems(write, `${place}.write`),
  ];
}

function registryProblems(registry: unknown): readonly Problem[] {
  const problems = httpProblems(registry, "registry", ["incompatibleCode"]);
  if (!isObject(registry)) return problems;
  const { incompatibleCode: code } = registry;
  if (code === undefined || code === 409 || code === 40901) return problems;
  return [...problems, { place: "registry.incompatibleCode", problem: "must be 409 or 40901" }];
}

function issuerProblems(value: unknown): readonly Problem[] {
  if (value === undefined) return [];
  const place = "gateway.issuer";
  if (!isObject(value))
    return [{ place, problem: 'must be an object such as { issuer: "https://…", audience: "shop" }' }];
  const { issuer, audience, permissionClaims: claims, clockToleranceSeconds: tolerance } = value;
  const known = ["issuer", "audience", "permissionClaims", "clockToleranceSeconds"];
  const problems = unknownFields(value, known, `${place}.`);
  if (typeof issuer !== "string" || !["http:", "https:"].includes(URL.parse(issuer)?.protocol ?? ""))
    problems.push({ place: `${place}.issuer`, problem: "must be the issuer's URL, as its tokens say it" });
  if (typeof audience !== "string" || audience === "")
    problems.push({
      place: `${place}.audience`,
      problem: "must be what tokens for this gateway say as their audience",
    });
  if (claims !== undefined && !(Array.isArray(claims) && claims.every((claim) => typeof claim === "string")))
    problems.push({ place: `${place}.permissionClaims`, problem: 'must be a list of claims such as ["scope"]' });
  return [...problems, ...toleranceProblems(tolerance, place)];
}

function rateLimitProblems(rateLimit: unknown): readonly Problem[] {
  if (rateLimit === undefined) return [];
  const place = "gateway.rateLimit";
  if (!isObject(rateLimit)) return [{ place, problem: "must be an object such as { perSecond: 50, burst: 100 }" }];
  const { perSecond, burst } = rateLimit;
  const problems = unknownFields(rateLimit, ["perSecond", "burst"], `${place}.`);
  if (perSecond !== undefined && !(typeof perSecond === "number" && perSecond > 0 && perSecond <= 1e6))
    problems.push({ place: `${place}.perSecond`, problem: "must be a number above 0, at most 1000000" });
  if (burst !== undefined && !(typeof burst === "number" && burst >= 1 && burst <= 1e6))
    problems.push({ place: `${place}.burst`, problem: "must be a number from 1 to 1000000" });
  return problems;
}

function connectionsProblems(connectionsMax: unknown): readonly Problem[] {
  if (connectionsMax === undefined || (Number.isInteger(connectionsMax) && Number(connectionsMax) >= CONNECTIONS_MIN))
    return [];
  return [{ place: "connectionsMax", problem: `must be a whole number from ${CONNECTIONS_MIN} on` }];
}

/** With smaller partitions there would be no room for a minute's events. */
const PARTITION_ROWS_MIN = 10_000;

function retentionProblems(retention: unknown): readonly Problem[] {
  if (retention === undefined) return [];
  if (!isObject(retention)) return [{ place: "retention", problem: "must be an object such as { eventsDays: 7 }" }];
  const days = ["eventsDays", "answersDays", "sagasDays", "buildsDays", "usesDays"];
  const isDays = (given: unknown): boolean => given === undefined || (typeof given === "number" && given > 0);
  const wrong = days.filter((name) => !isDays(retention[name]));
  const { partitionRows: rows } = retention;
  const isRows = rows === undefined || (Number.isInteger(rows) && Number(rows) >= PARTITION_ROWS_MIN);
  const problem = `must be a whole number from ${PARTITION_ROWS_MIN} on`;
  return [
    ...unknownFields(retention, [...days, "partitionRows"], "retention."),
    ...wrong.map((name) => ({ place: `retention.${name}`, problem: "must be a number of days above 0" })),
    ...(isRows ? [] : [{ place: "retention.partitionRows", problem }]),
  ];
}

/** A store that is smaller is full after a few traces. */
const TRACES_BYTES_MIN = 1_048_576;

function tracesProblems(traces: unknown): readonly Problem[] {
  if (traces === undefined || traces === false) return [];
  if (!isObject(traces)) return [{ place: "traces", problem: "must be false, or an object such as { ratio: 0.1 }" }];
  const { ratio, bytesMax } = traces;
  const problems = [...unknownFields(traces, ["ratio", "bytesMax"], "traces.")];
  if (ratio !== undefined && !(typeof ratio === "number" && ratio >= 0 && ratio <= 1))
    problems.push({ place: "traces.ratio", problem: "must be a number from 0 to 1" });
  if (bytesMax !== undefined && !(Number.isInteger(bytesMax) && Number(bytesMax) >= TRACES_BYTES_MIN))
    problems.push({ place: "traces.bytesMax", problem: `must be a whole number from ${TRACES_BYTES_MIN} on` });
  return problems;
}

function slowProblems(slow: unknown): readonly Problem[] {
  if (slow === undefined) return [];
  if (!isObject(slow)) return [{ place: "slow", problem: "must be an object such as { statementMs: 500 }" }];
  const known = ["statementMs", "handlerMs"];
  const wrong = known.filter((name) => slow[name] !== undefined && !(Number(slow[name]) > 0));
  return [
    ...unknownFields(slow, known, "slow."),
    ...wrong.map((name) => ({ place: `slow.${name}`, problem: "must be a number of milliseconds above 0" })),
  ];
}

function unknownFields(value: object, known: readonly string[], prefix: string): Problem[] {
  return Object.keys(value)
    .filter((name) => !known.includes(name))
    .map((name) => ({ place: `${prefix}${name}`, problem: `is no setting; there are ${known.join(", ")}` }));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
