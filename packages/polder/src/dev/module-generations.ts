import { registerHooks } from "node:module";
import { sep } from "node:path";
import { pathToFileURL } from "node:url";

/** Which generation of its modules each folder is at, and who imports what across folders. */
export interface ModuleGenerations extends Disposable {
  /** Modules of this folder are loaded anew from now on. Gives the URL under which its entry `index.ts` is new. */
  readonly renew: (folder: string) => URL;
  /** The modules that import a file. */
  readonly importersOf: (file: string) => ReadonlySet<string>;
}

/**
 * Makes it possible to load modules again. A process loads a module once; so the modules of a renewed folder get a
 * generation into their URLs, and all others stay what they are. It sees what is imported after it was made.
 */
export function moduleGenerations(): ModuleGenerations {
  const generations = new Map<string, number>();
  const importers = new Map<string, Set<string>>();
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context);
      if (!resolved.url.startsWith("file:") || resolved.url.includes("/node_modules/")) return resolved;
      const plain = withoutQuery(resolved.url);
      if (context.parentURL !== undefined)
        importers.set(plain, (importers.get(plain) ?? new Set()).add(withoutQuery(context.parentURL)));
      const generation = [...generations].find(([folder]) => plain.startsWith(folder))?.[1];
      return generation === undefined ? resolved : { ...resolved, url: `${plain}?generation=${generation}` };
    },
  });
  return {
    renew: (folder) => {
      const prefix = pathToFileURL(`${folder}${sep}`).href;
      generations.set(prefix, (generations.get(prefix) ?? 0) + 1);
      return new URL("index.ts", prefix);
    },
    importersOf: (file) => importers.get(pathToFileURL(file).href) ?? new Set(),
    [Symbol.dispose]: () => hooks.deregister(),
  };
}

function withoutQuery(url: string): string {
  return url.split("?", 1)[0] ?? url;
}
