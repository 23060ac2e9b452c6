import { watch } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type LoadedDomain, loadDomain } from "@polder/runtime";
import type { ModuleGenerations } from "./module-generations.ts";

/** What {@link watchDomains} needs. */
export interface ReloadOptions {
  readonly domains: readonly LoadedDomain[];
  readonly modules: ModuleGenerations;
  /** Called with a domain that was loaded anew. */
  readonly reloaded: (domain: LoadedDomain) => Promise<void>;
  /** Called when a domain could not be loaded or put in place; the one before goes on. */
  readonly failed: (domain: string, error: unknown) => void;
}

/** An editor writes a file in several steps: wait until it is quiet for this long, in milliseconds. */
const QUIET_MS = 80;

/** Changed files that are remembered at most between two reloads; more of them are one change of everything. */
const CHANGED_MAX = 1_000;

/** What a domain's folder holds that is not its code. */
const ignored = /(^|[\\/])(node_modules|\.polder|dist|\.git)([\\/]|$)|~$|\.sw[a-z]$/;

/**
 * Loads a domain anew when one of its files changes, and with it every domain that imports the changed file, which
 * can only be a contract. All others stay as they are.
 */
export function watchDomains({ domains, modules, reloaded, failed }: ReloadOptions): AsyncDisposable {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> = Promise.resolve();
  const domainOfFile = (file: string): LoadedDomain | undefined =>
    domains.find(({ folder }) => file.startsWith(`${folder}${sep}`));

  const reload = async (): Promise<void> => {
    const files = [...changed];
    changed.clear();
    const importing = files.flatMap((file) => [...modules.importersOf(file)].map((url) => fileURLToPath(url)));
    const stale = new Set([...files, ...importing].flatMap((file) => domainOfFile(file) ?? []));
    // All are renewed before any is loaded, so that none gets an old contract of another.
    const entries = [...stale].map((domain) => ({ domain, entry: modules.renew(domain.folder) }));
    for (const { domain, entry } of entries) {
      try {
        await reloaded(await loadDomain(domain.folder, entry));
      } catch (error) {
        failed(domain.name, error);
      }
    }
  };
  const watchers = domains.map(({ folder }) =>
    watch(folder, { recursive: true }, (_event, name) => {
      if (name === null || ignored.test(name) || changed.size >= CHANGED_MAX) return;
      changed.add(join(folder, name));
      clearTimeout(timer);
      timer = setTimeout(() => {
        working = working.then(reload);
      }, QUIET_MS);
    }),
  );
  return {
    [Symbol.asyncDispose]: async () => {
      for (const watcher of watchers) watcher.close();
      clearTimeout(timer);
      await working;
    },
  };
}
