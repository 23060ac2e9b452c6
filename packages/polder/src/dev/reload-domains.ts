import { basename, dirname, sep } from "node:path";
import type { Logger } from "@polder/model";
import { type Host, type LoadedDomain, type Project, projectScopes } from "@polder/runtime";
import type { ModuleGenerations } from "./module-generations.ts";
import { watchFiles } from "./watch-files.ts";

/** What {@link reloadDomains} needs. */
export interface ReloadOptions {
  readonly project: Project;
  readonly host: Host;
  readonly modules: ModuleGenerations;
  readonly logger: Logger;
  /** Told of the domains that run anew. What it fails with is warned of. */
  readonly reloaded?: ((domains: readonly LoadedDomain[]) => Promise<void>) | undefined;
}

/**
 * Loads a domain anew when one of its files changes, and with it every domain whose code has imported the changed
 * file, be it a contract or a file beside the domains. All others stay as they are. What was declared is provisioned
 * and new migrations run before the new code does. When anything of that fails, what ran before goes on, and the next
 * change tries all of it again.
 */
export function reloadDomains({ project, host, modules, logger, reloaded }: ReloadOptions): AsyncDisposable {
  const { directory, path: configPath } = project.loaded;
  /** What runs now; the project itself may have loaded more than could be put in place. */
  let inPlace = project.domains;
  const pending = new Set<string>();
  const isOutside = (path: string): boolean => ownerOf(path, project.domains) === undefined;

  const changed = async (paths: ReadonlySet<string>): Promise<void> => {
    if (paths.has(configPath)) logger.warn(`${basename(configPath)} has changed: stop and start again to have it`);
    const stale = [...modules.withDependents(paths)];
    for (const path of stale) {
      const owner = ownerOf(path, project.domains);
      if (owner !== undefined) pending.add(owner.folder);
    }
    if (pending.size === 0) return;
    modules.renew([...[...pending].map((folder) => `${folder}${sep}`), ...stale.filter(isOutside)]);
    const begunMs = performance.now();
    try {
      const loaded = await project.reload();
      const stale = loaded.filter(({ folder }) => pending.has(folder));
      await putInPlace(stale, { project, host, inPlace });
      inPlace = loaded;
      pending.clear();
      logger.info(`reloaded ${namesOf(stale)} in ${Math.round(performance.now() - begunMs)} ms`);
      await reloaded?.(stale).catch((error: unknown) => logger.warn(messageOf(error)));
    } catch (error) {
      const names = [...pending].map((folder) => basename(folder)).join(", ");
      // Shown whole, places and all: this is what the developer is waiting for.
      logger.error(`could not reload ${names}; what ran before goes on: ${messageOf(error)}`);
    }
  };
  return watchFiles({
    deep: project.domains.map(({ folder }) => folder),
    flat: () => {
      const shared = modules.files().filter((file) => file.startsWith(`${directory}${sep}`) && isOutside(file));
      return new Set([directory, ...shared.map((file) => dirname(file))]);
    },
    changed,
    logger,
  });
}

interface Places {
  readonly project: Project;
  readonly host: Host;
  readonly inPlace: readonly LoadedDomain[];
}

async function putInPlace(stale: readonly LoadedDomain[], { project, host, inPlace }: Places): Promise<void> {
  const { domains } = project;
  if (namesOf(inPlace) !== namesOf(domains))
    throw new Error(`the domains were ${namesOf(inPlace)} and are ${namesOf(domains)} now. Stop and start again.`);
  const database = await project.database();
  if (JSON.stringify(projectScopes(inPlace)) !== JSON.stringify(projectScopes(domains))) await database.provision();
  await database.migrate({ only: stale.map(({ name }) => name) });
  for (const { implementation } of stale) await host.replace(implementation);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function namesOf(domains: readonly LoadedDomain[]): string {
  return domains.map(({ name }) => name).join(", ");
}

function ownerOf(path: string, domains: readonly LoadedDomain[]): LoadedDomain | undefined {
  return domains.find(({ folder }) => path.startsWith(`${folder}${sep}`));
}
