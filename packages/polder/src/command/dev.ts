import { relative } from "node:path";
import { createLogger } from "@polder/runtime";
import { type DevSession, startDev } from "../dev/dev-session.ts";
import { runUntilStopped } from "../dev/run-until-stopped.ts";
import { exitCode } from "./exit-code.ts";
import { jsonLine } from "./output.ts";
import type { Work } from "./work.ts";

/** `polder dev`: runs until it is interrupted. */
export function devWork(options: { readonly port?: number; readonly watch: boolean }): Work {
  return async ({ config, cwd, env, json, streams, signal, hardSignal }) => {
    const logger = createLogger({ write: streams.err, format: "text" });
    await using session = await startDev({
      ...(config === undefined ? {} : { config }),
      from: cwd,
      env,
      watch: options.watch,
      logger,
      ...(options.port === undefined ? {} : { port: options.port }),
    });
    const { host } = session;
    const { databases, password } = await whereIs(session, cwd);
    const data = { url: host.url, database: databases[0], databases, password, domains: host.domains };
    streams.out(
      json
        ? jsonLine({ ok: true, command: "dev", data })
        : `\n  APIs      ${host.url}\n  database  ${databases.join("\n            ")}${password === null ? "" : `, its password is in ${password}`}\n  domains   ${host.domains.join(", ")}\n\n  Ctrl-C stops.\n\n`,
    );
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

async function whereIs({ project }: DevSession, cwd: string): Promise<Whereabouts> {
  const { databases, embedded } = await project.database();
  return {
    databases: databases.map(({ name, admin }) => `postgres://${admin.target.user}@${name}`),
    password: embedded === undefined ? null : `${relative(cwd, project.polderDirectory)}/secrets`,
  };
}
