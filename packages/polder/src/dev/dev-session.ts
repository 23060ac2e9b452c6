import type { Logger } from "@polder/model";
import { type Host, openProject, type Project, startHost } from "@polder/runtime";
import { moduleGenerations } from "./module-generations.ts";
import { watchDomains } from "./watch-domains.ts";

/** What {@link startDev} needs. */
export interface DevOptions {
  readonly config?: string;
  readonly from: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly port?: number;
  /** Reload a domain when its files change. Default true. */
  readonly watch?: boolean;
  readonly logger: Logger;
}

/** Everything of a project at work on this machine. */
export interface DevSession extends AsyncDisposable {
  readonly host: Host;
  readonly project: Project;
  /** Address of the database for an administrator's tools; with the password in it. */
  readonly databaseUrl: string;
}

/**
 * Runs a project for its developer: starts the database if there is none, gives the domains their homes, migrates,
 * hosts all domains, and reloads a domain when one of its files changes.
 *
 * @throws whatever `openProject`, `provision`, `migrate` and `startHost` throw; what had been started is stopped then.
 */
export async function startDev(options: DevOptions): Promise<DevSession> {
  const { logger } = options;
  await using cleanup = new AsyncDisposableStack();
  const modules = options.watch === false ? undefined : cleanup.use(moduleGenerations());
  const project = cleanup.use(
    await openProject({
      ...(options.config === undefined ? {} : { file: options.config }),
      from: options.from,
      env: options.env,
      logger,
    }),
  );
  const database = await project.database();
  const report = await database.provision();
  for (const { object, found, expected } of report.drift)
    logger.warn(`${object} ${found}; expected: ${expected}. See "polder provision".`);
  await database.migrate();
  const { http, urls } = project.loaded.config;
  const host = cleanup.use(
    await startHost({
      implementations: project.domains.map(({ implementation }) => implementation),
      address: database.address,
      http: { ...http, ...(options.port === undefined ? {} : { port: options.port }) },
      ...(urls === undefined ? {} : { urls }),
      logger,
    }),
  );
  if (modules !== undefined) {
    cleanup.use(
      watchDomains({
        domains: project.domains,
        modules,
        reloaded: async (domain) => {
          await database.migrate({ only: [domain.name] });
          await host.replace(domain.implementation);
          logger.info(`reloaded ${domain.name}`);
        },
        failed: (domain, error) =>
          logger.error(
            `could not reload ${domain}, so the one before goes on: ${error instanceof Error ? error.message : String(error)}`,
          ),
      }),
    );
  }
  const { admin, embedded } = database;
  const { host: server, port, user, database: name } = admin.target;
  const password = embedded === undefined ? "" : `:${embedded.password}`;
  const owned = cleanup.move();
  return {
    host,
    project,
    databaseUrl: `postgres://${user}${password}@${server}:${port}/${name}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
