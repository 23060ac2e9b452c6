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
    const { database, password } = await whereIs(session, cwd);
    const data = { url: host.url, database, password, domains: host.domains };
    streams.out(
      json
        ? jsonLine({ ok: true, command: "dev", data })
        : `\n  APIs      ${host.url}\n  database  ${database}${password === null ? "" : `, its password is in ${password}`}\n  domains   ${host.domains.join(", ")}\n\n  Ctrl-C stops.\n\n`,
    );
    const reason = await runUntilStopped(host, { signal, hardSignal });
    return { code: reason === undefined ? exitCode.clean : exitCode.failed };
  };
}

/** The address of the database without a password in it, and the file that has the password of an embedded one. */
async function whereIs({ project }: DevSession, cwd: string): Promise<{ database: string; password: string | null }> {
  const { admin, embedded } = await project.database();
  const { host, port, user, database } = admin.target;
  return {
    database: `postgres://${user}@${host}:${port}/${database}`,
    password: embedded === undefined ? null : `${relative(cwd, project.polderDirectory)}/secrets`,
  };
}
