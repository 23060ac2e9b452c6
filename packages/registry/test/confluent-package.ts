import { createRequire, registerHooks } from "node:module";
import { dirname } from "node:path";

// What packages of theirs ship under conditions that Vitest has set, such as their sources, is not for Node.
const conditionsOfNode = ["node", "require", "import", "default", "module-sync", "node-addons"];
registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier, { ...context, conditions: context.conditions.filter((one) => conditionsOfNode.includes(one)) }),
});

const require = createRequire(import.meta.url);

/** The folder with the compiled files of Confluent's client, its specs among them. */
export const confluentFolder: string = dirname(require.resolve("@confluentinc/schemaregistry"));

/** Loads the client, or a file of it, as Node does. */
export function requireConfluent<Exports>(file: string): Exports {
  return require(file) as Exports;
}
