import { relative } from "node:path";
import { DEV_TOKEN_PATH } from "@polder/http";
import { createLogger } from "@polder/runtime";
import { type DevSession, devIssuerOf, startDev } from "../dev/dev-session.ts";
import { runUntilStopped } from "../dev/run-until-stopped.ts";
import { exitCode } from "./exit-code.ts";
import { jsonLine } from "./output.ts";
import type { Work } from "./work.ts";

/** `polder dev`: runs until it is interrupted. */
export function devWork(options: {
  readonly port?: number;
  readonly gatewayPort?: number;
  readonly watch: boolean;
}): Work {
  return async ({ config, cwd, env, json, streams, signal, hardSignal }) => {
    const logger = createLogger({ write: streams.err, format: "text" });
    await using session = await startDev({
      ...(config === undefined ? {} : { config }),
      from: cwd,
      env,
      watch: options.watch,
      logger,
      ...(options.port === undefined ? {} : { port: options.port }),
      ...(options.gatewayPort === undefined ? {} : { gatewayPort: options.gatewayPort }),
    });
    const { host } = session;
    const { databases, password } = await whereIs(session, cwd);
    const { gateway = "" } = host;
    const registry = session.registry === undefined ? {} : { registry: session.registry };
    const token =
      devIssuerOf(session.project) === undefined
        ? null
        : `curl -s ${gateway}${DEV_TOKEN_PATH} -H accept:text/plain -d subject=ada`;
    const data = {
      url: host.url,
      gateway,
      token,
      ...registry,
      database: databases[0],
      databases,
      password,
      domains: host.domains,
    };
    streams.out(json ? jsonLine({ ok: true, command: "dev", data }) : welcome(data));
    const reason = await runUntilStopped(host, { signal, hardSignal });
    return { code: reason === undefined ? exitCode.clean : exitCode.failed };
  };
}

interface Whereabouts {
  /** Without passwords. */
  readonly databases: readonly string[];
  /** The file that has the password of the embedded server. */
  readonly password: string | null;
}

interface Welcomed {
  readonly url: string;
  readonly gateway: string;
  readonly token: string | null;
  readonly registry?: string;
  readonly databases: readonly string[];
  readonly password: string | null;
  readonly domains: readonly string[];
}

function welcome({ url, gateway, token, registry, databases, password, domains }: Welcomed): string {
  const lines = [
    ["gateway", gateway],
    ["a token", token ?? "from your issuer"],
    ["APIs", `${url}, for domains`],
    ...(registry === undefined ? [] : [["registry", registry]]),
    ["database", `${databases.join("\n            ")}${password === null ? "" : `, its password is in ${password}`}`],
    ["domains", domains.join(", ")],
  ].map(([name = "", text]) => `  ${name.padEnd(8)}  ${text}\n`);
  return `\n${lines.join("")}\n  Ctrl-C stops.\n\n`;
}

async function whereIs({ project }: DevSession, cwd: string): Promise<Whereabouts> {
  const { databases, embedded } = await project.database();
  return {
    databases: databases.map(({ name, admin }) => `postgres://${admin.target.user}@${name}`),
    password: embedded === undefined ? null : `${relative(cwd, project.polderDirectory)}/secrets`,
  };
}
