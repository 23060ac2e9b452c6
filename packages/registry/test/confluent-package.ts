import { createRequire, registerHooks } from "node:module";
import { dirname, sep } from "node:path";

const require = createRequire(import.meta.url);

/** Confluent's client. Disposing it leaves the process as it was. */
export interface ConfluentPackage extends Disposable {
  /** The folder with its compiled files, its specs among them. */
  readonly folder: string;
  /** Loads it, or a file of it, as Node does. */
  readonly load: <Exports>(file: string) => Exports;
}

// What packages of theirs ship under conditions that Vitest has set, such as their sources, is not for Node.
const conditionsOfNode = ["node", "require", "import", "default", "module-sync", "node-addons"];

/** Opens the client as if nobody had before: it keeps how it was configured for as long as it is loaded. */
export function openConfluent(): ConfluentPackage {
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: context.conditions.filter((one) => conditionsOfNode.includes(one)) }),
  });
  const folder = dirname(require.resolve("@confluentinc/schemaregistry"));
  for (const file of Object.keys(require.cache)) if (file.startsWith(folder + sep)) delete require.cache[file];
  return {
    folder,
    load: <Exports>(file: string) => require(file) as Exports,
    [Symbol.dispose]: () => hooks.deregister(),
  };
}
