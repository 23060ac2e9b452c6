import { createLogger, type LogFormat, openProject, selectDomains, startHost } from "@polder/runtime";
import { runUntilStopped } from "../dev/run-until-stopped.ts";
import type { Work } from "./program.ts";

/** `polder start`: runs domains until SIGTERM or SIGINT; the second one does not wait any longer. */
export function startWork(options: {
  readonly domain?: readonly string[];
  readonly port?: number;
  readonly log: LogFormat;
}): Work {
  return async ({ config, cwd, env, streams, signal, hardSignal }) => {
    const logger = createLogger({ write: streams.err, format: options.log });
    await using project = await openProject({
      ...(config === undefined ? {} : { file: config }),
      from: cwd,
      env,
      logger,
    });
    const selected = selectDomains(project.domains, options.domain);
    const { address } = await project.database();
    const { http, urls } = project.loaded.config;
    const port = options.port ?? (env["PORT"] === undefined ? undefined : Number(env["PORT"])) ?? http?.port ?? 0;
    const host = await startHost({
      implementations: selected.map(({ implementation }) => implementation),
      address,
      http: { ...http, port },
      ...(urls === undefined ? {} : { urls }),
      logger,
    });
    logger.info("ready", { url: host.url, domains: host.domains });
    await runUntilStopped(host, { signal, hardSignal });
    logger.info("stopped", {});
    return undefined;
  };
}
