import { posix } from "node:path";
import { type Layer, listed, mayImport, planOf, testsMayImport } from "../architecture.ts";
import type { Rule, Violation } from "../rule.ts";
import { filesMatching, isTest, type SourceTree, typeScript } from "../source-tree.ts";
import { type Import, importsOf } from "../syntax.ts";
import { allDependencies, ownerOf, runtimeDependencies, type Workspace, workspacesOf } from "../workspace.ts";

/** Imports go down the layers, through declared dependencies and through the front door of a package. */
export function imports(layers: readonly Layer[]): Rule {
  return (tree) => {
    const workspaces = workspacesOf(tree);
    return filesMatching(tree, typeScript).flatMap(([path]) => {
      const owner = ownerOf(workspaces, path);
      if (owner === undefined) return [];
      return importsOf(tree, path).flatMap((one): Violation[] => {
        const message = problemOf({ layers, tree, workspaces, owner, path, specifier: one.specifier });
        return message === undefined ? [] : [{ path, line: one.line, message }];
      });
    });
  };
}

interface Place extends Pick<Import, "specifier"> {
  readonly layers: readonly Layer[];
  readonly tree: SourceTree;
  readonly workspaces: readonly Workspace[];
  readonly owner: Workspace;
  readonly path: string;
}

function problemOf(place: Place): string | undefined {
  const { specifier } = place;
  if (specifier.startsWith(".")) return relativeProblem(place);
  // Node's own modules, and the private names of a package (`imports` in its manifest).
  if (specifier.startsWith("node:") || specifier.startsWith("#")) return undefined;
  const name = packageName(specifier);
  const target = place.workspaces.find(({ manifest }) => manifest.name === name);
  if (target === undefined) return undeclaredProblem(place, name) ?? externalProblem(place, name);
  return layerProblem(place, name) ?? undeclaredProblem(place, name) ?? doorProblem(specifier, target);
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function relativeProblem({ tree, workspaces, owner, path, specifier }: Place): string | undefined {
  const target = posix.join(posix.dirname(path), specifier);
  // The one file that is about all packages; only the tools read it.
  if (target === "architecture.ts" && owner.manifest.name === "polder-tools") return undefined;
  if (ownerOf(workspaces, target) !== owner) {
    return `imports ${specifier}, outside its own package. Import the other package by its name.`;
  }
  return tree.has(target)
    ? undefined
    : `imports ${specifier}, which is not a file here. Write the path with its extension.`;
}

function layerProblem({ layers, owner, path }: Place, name: string): string | undefined {
  if (name === owner.manifest.name) {
    return isTest(path) ? undefined : `imports its own package by name. Import the file: "./…".`;
  }
  const plan = planOf(layers, owner.manifest.name);
  const allowedTo = isTest(path) ? testsMayImport : mayImport;
  const allowed = plan === undefined ? [] : allowedTo(layers, plan);
  if (allowed.includes(name)) return undefined;
  return `imports ${name}; allowed: ${listed(allowed)}. Move the shared piece down, or have it passed in.`;
}

function undeclaredProblem({ workspaces, owner, path }: Place, name: string): string | undefined {
  if (name === owner.manifest.name) return undefined;
  const root = workspaces.find(({ folder }) => folder === "");
  const forDevelopment = isTest(path) || owner.manifest.private === true;
  const declared = forDevelopment
    ? { ...(root === undefined ? {} : allDependencies(root)), ...allDependencies(owner) }
    : runtimeDependencies(owner);
  if (name in declared) return undefined;
  const field = forDevelopment ? "devDependencies" : "dependencies";
  return `imports ${name}, which its package does not declare. Add it to the ${field} of ${posix.join(owner.folder, "package.json")}.`;
}

function externalProblem({ layers, owner, path }: Place, name: string): string | undefined {
  const allowed = planOf(layers, owner.manifest.name)?.external;
  if (allowed === undefined || allowed.includes(name) || isTest(path)) return undefined;
  return `imports ${name}; from outside the workspace this package may import ${listed(allowed)} (architecture.ts).`;
}

function doorProblem(specifier: string, { manifest }: Workspace): string | undefined {
  const door = `.${specifier.slice(manifest.name.length)}`;
  const doors = Object.keys(manifest.exports ?? {});
  if (doors.includes(door)) return undefined;
  return `imports ${specifier}, past the front door; ${manifest.name} offers ${listed(doors)}. Export what is missing from its index.`;
}
