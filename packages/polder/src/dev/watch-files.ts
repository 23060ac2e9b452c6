import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import type { Logger } from "@polder/model";

/** What {@link watchFiles} needs. */
export interface WatchOptions {
  /** Watched with all that is below them. */
  readonly folders: readonly string[];
  /** Folders that are watched without what is below them; asked again after every change. */
  readonly flatFolders: () => Iterable<string>;
  /** Called with the paths that have changed, once at a time. */
  readonly changed: (paths: ReadonlySet<string>) => Promise<void>;
  readonly logger: Logger;
}

/** An editor writes a file in several steps: wait until it is quiet for this long, in milliseconds. */
const QUIET_MS = 80;

/** Without a quiet moment, look at the changes after this long all the same, in milliseconds. */
const RESTLESS_MS_MAX = 2_000;

/** Changed paths that are remembered at most; whoever changes more at once starts again. */
const CHANGED_MAX = 10_000;

/** What is no source: packages, Polder's own files, what programs build, and what editors leave for a moment. */
const ignored = /(^|[\\/])(node_modules|\.polder|dist|\.git|4913)([\\/]|$)|~$|\.sw[a-z]$|\.tmp$/;

/** Watches files, and says which have changed when it is quiet again. A folder that cannot be watched is left out with a warning. */
export function watchFiles({ folders, flatFolders, changed, logger }: WatchOptions): AsyncDisposable {
  const watchers = new Map<string, FSWatcher>();
  const paths = new Set<string>();
  let restlessSinceMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> = Promise.resolve();

  const look = async (): Promise<void> => {
    const found = new Set(paths);
    paths.clear();
    await changed(found).catch((error: unknown) => logger.error("a change could not be followed", { error }));
    watchFlat();
  };
  const note = (path: string): void => {
    if (ignored.test(path) || paths.size >= CHANGED_MAX) return;
    const nowMs = performance.now();
    if (paths.size === 0) restlessSinceMs = nowMs;
    paths.add(path);
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        working = working.then(look);
      },
      Math.min(QUIET_MS, Math.max(0, restlessSinceMs + RESTLESS_MS_MAX - nowMs)),
    );
  };
  const follow = (folder: string, { recursive }: { readonly recursive: boolean }): void => {
    if (watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { recursive }, (_event, name) => name !== null && note(join(folder, name)));
      watcher.on("error", (error) => logger.warn("changes are no longer seen", { folder, error }));
      watchers.set(folder, watcher);
    } catch (error) {
      logger.warn("changes are not seen; stop and start again to have them", { folder, error });
    }
  };
  const watchFlat = (): void => {
    for (const folder of flatFolders()) follow(folder, { recursive: false });
  };
  for (const folder of folders) follow(folder, { recursive: true });
  watchFlat();
  return {
    [Symbol.asyncDispose]: async () => {
      for (const watcher of watchers.values()) watcher.close();
      clearTimeout(timer);
      await working;
    },
  };
}
