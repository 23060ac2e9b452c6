import { type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import type { Logger } from "@polder/model";

/** What {@link watchFiles} needs. */
export interface WatchOptions {
  /** Folders that are watched with all that is below them. */
  readonly deep: readonly string[];
  /** Folders that are watched alone; asked again after every change. */
  readonly flat: () => Iterable<string>;
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

/**
 * Watches files, and says which have changed when it is quiet again. A folder that cannot be watched is left out with
 * a warning.
 *
 * Each folder is watched by itself: where the system cannot watch a tree, Node's own recursive watcher misses files
 * that are put in place by renaming, which is how many editors save.
 */
export function watchFiles({ deep, flat, changed, logger }: WatchOptions): AsyncDisposable {
  const watched = new Map<string, Watched>();
  const paths = new Set<string>();
  let restlessSinceMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> = Promise.resolve();

  const look = async (): Promise<void> => {
    // New folders first: what comes into them from now on is seen, and what is in them already is looked at below.
    follow();
    const found = new Set(paths);
    paths.clear();
    await changed(found).catch((error: unknown) => logger.error("a change could not be followed", { error }));
    follow();
  };
  const note = (path: string): void => {
    if (ignored.test(path) || paths.size >= CHANGED_MAX) return;
    const nowMs = performance.now();
    if (paths.size === 0) restlessSinceMs = nowMs;
    paths.add(path);
    clearTimeout(timer);
    const lookInMs = Math.min(QUIET_MS, Math.max(0, restlessSinceMs + RESTLESS_MS_MAX - nowMs));
    timer = setTimeout(() => {
      working = working.then(look);
    }, lookInMs);
  };
  const follow = (): void => {
    const wanted = new Set([...deep.flatMap(foldersIn), ...flat()]);
    for (const folder of new Set([...watched.keys(), ...wanted])) {
      const identity = wanted.has(folder) ? identityOf(folder) : undefined;
      const before = watched.get(folder);
      if (before?.identity === identity) continue;
      before?.watcher?.close();
      watched.delete(folder);
      if (identity !== undefined) watched.set(folder, { identity, watcher: watchFolder(folder, note, logger) });
    }
  };
  follow();
  return {
    [Symbol.asyncDispose]: async () => {
      for (const { watcher } of watched.values()) watcher?.close();
      clearTimeout(timer);
      await working;
    },
  };
}

interface Watched {
  readonly identity: string;
  /** Missing where the system refuses; said once. */
  readonly watcher: FSWatcher | undefined;
}

/** A folder that was removed and made again is another one, also where it got the same inode. */
function identityOf(folder: string): string | undefined {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.ino}-${found.birthtimeMs}`;
}

function watchFolder(folder: string, note: (path: string) => void, logger: Logger): FSWatcher | undefined {
  try {
    const watcher = watch(folder, (_event, name) => name !== null && note(join(folder, name)));
    watcher.on("error", (error) => logger.debug("a folder is no longer watched", { folder, error }));
    return watcher;
  } catch (error) {
    logger.warn("changes are not seen; stop and start again to have them", { folder, error });
    return undefined;
  }
}

/** A folder and all folders below it. One that is removed meanwhile is left out. */
function foldersIn(folder: string): readonly string[] {
  try {
    const inside = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(folder, name));
    return [folder, ...inside.filter((path) => !ignored.test(path)).flatMap(foldersIn)];
  } catch {
    return [];
  }
}
