import { callRulesProblems } from "@polder/http";
import type { Problem } from "@polder/model";
import { isBaseUrl } from "./base-urls.ts";
import { embeddedName, isVariable } from "./database-settings.ts";

const settings = [
  "domains",
  "database",
  "databases",
  "http",
  "urls",
  "calls",
  "connectionsMax",
  "prepare",
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
    ...httpProblems(value["http"]),
    ...urlsProblems(value["urls"]),
    ...callRulesProblems(value["calls"], "calls"),
    ...connectionsProblems(value["connectionsMax"]),
    ...(value["prepare"] === undefined || typeof value["prepare"] === "boolean"
      ? []
      : [{ place: "prepare", problem: "must be true or false" }]),
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

function httpProblems(http: unknown): readonly Problem[] {
  if (http === undefined) return [];
  if (!isObject(http)) return [{ place: "http", problem: "must be an object such as { port: 4000 }" }];
  const { host, port } = http;
  const problems = [...unknownFields(http, ["host", "port"], "http.")];
  if (host !== undefined && (typeof host !== "string" || host === ""))
    problems.push({ place: "http.host", problem: 'must be an address such as "0.0.0.0"' });
  if (port !== undefined && !(Number.isInteger(port) && Number(port) >= 0 && Number(port) <= 65_535))
    problems.push({ place: "http.port", problem: "must be a whole number from 0 to 65535" });
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

function connectionsProblems(connectionsMax: unknown): readonly Problem[] {
  if (connectionsMax === undefined || (Number.isInteger(connectionsMax) && Number(connectionsMax) >= CONNECTIONS_MIN))
    return [];
  return [{ place: "connectionsMax", problem: `must be a whole number from ${CONNECTIONS_MIN} on` }];
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
