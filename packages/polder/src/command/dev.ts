import { createLogger } from "@polder/runtime";
import { startDev } from "../dev/dev-session.ts";
import { runUntilStopped } from "../dev/run-until-stopped.ts";
import type { Work } from "./program.ts";

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
    const { host, databaseUrl } = session;
    streams.out(
      json
        ? `${JSON.stringify({ ok: true, command: "dev", data: { url: host.url, database: databaseUrl, domains: host.domains } })}\n`
        : `\n  APIs      ${host.url}\n  database  ${databaseUrl}\n  domains   ${host.domains.join(", ")}\n\n  Ctrl-C stops.\n\n`,
    );
    await runUntilStopped(host, { signal, hardSignal });
    return undefined;
  };
}
