import { registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Who imports what, and which generation of its module each file is at. */
export interface ModuleGenerations extends Disposable {
  /** Files that have been loaded, those of packages left aside. */
  readonly files: () => readonly string[];
  /** Some files, and all those that import one of them, also by way of others. */
  readonly withDependents: (files: Iterable<string>) => ReadonlySet<string>;
  /** Loads modules anew from now on: the one of a file, or those of all files below a folder (with a separator at its end). */
  readonly renew: (paths: Iterable<string>) => void;
}

/**
 * Makes it possible to load modules again. A process loads a module once; so the modules of a renewed file or folder
 * get a generation into their URLs, and all others stay what they are. It sees what is imported after it was made.
 */
export function moduleGenerations(): ModuleGenerations {
  const generations = new Map<string, number>();
  const importers = new Map<string, Set<string>>();
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context);
      if (!resolved.url.startsWith("file:") || resolved.url.includes("/node_modules/")) return resolved;
      const plain = withoutQuery(resolved.url);
      const parents = importers.get(plain) ?? new Set();
      importers.set(plain, parents);
      if (context.parentURL?.startsWith("file:")) parents.add(withoutQuery(context.parentURL));
      const generation = generationOf(plain, generations);
      return generation === 0 ? resolved : { ...resolved, url: `${plain}?generation=${generation}` };
    },
  });
  return {
    files: () => [...importers.keys()].map((url) => fileURLToPath(url)),
    withDependents: (files) => {
      const found = new Set([...files].map((file) => pathToFileURL(file).href));
      // A set goes on to what is added to it on the way.
      for (const url of found) for (const importer of importers.get(url) ?? []) found.add(importer);
      return new Set([...found].map((url) => fileURLToPath(url)));
    },
    renew: (paths) => {
      for (const path of paths) {
        const url = pathToFileURL(path).href;
        generations.set(url, (generations.get(url) ?? 0) + 1);
      }
    },
    [Symbol.dispose]: () => hooks.deregister(),
  };
}

/** The generation of a file is that of all that was renewed with it. */
function generationOf(url: string, generations: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [renewed, generation] of generations) {
    if (url === renewed || (renewed.endsWith("/") && url.startsWith(renewed))) sum += generation;
  }
  return sum;
}

function withoutQuery(url: string): string {
  return url.split("?", 1)[0] ?? url;
}
