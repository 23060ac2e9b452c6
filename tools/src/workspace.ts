import type { SourceTree } from "./source-tree.ts";

/** The parts of a package.json that the rules read. */
export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Dependencies;
  readonly devDependencies?: Dependencies;
  readonly optionalDependencies?: Dependencies;
  readonly peerDependencies?: Dependencies;
}

type Dependencies = Readonly<Record<string, string>>;

/** A package of the npm workspace; the root has the empty folder. */
export interface Workspace {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Every package of the workspace, the root last. */
export function workspacesOf(tree: SourceTree): readonly Workspace[] {
  return [...tree]
    .filter(([path]) => /^(?:(?:packages|examples)\/[^/]+\/|[^/]+\/)?package\.json$/.test(path))
    .map(([path, text]) => ({ folder: path.replace(/\/?package\.json$/, ""), manifest: JSON.parse(text) as Manifest }))
    .sort((one, other) => other.folder.length - one.folder.length);
}

/** The package that a file belongs to. */
export function ownerOf(workspaces: readonly Workspace[], path: string): Workspace | undefined {
  return workspaces.find(({ folder }) => folder === "" || path.startsWith(`${folder}/`));
}

/** What a package needs at run time. */
export function runtimeDependencies({ manifest }: Workspace): Dependencies {
  return { ...manifest.peerDependencies, ...manifest.optionalDependencies, ...manifest.dependencies };
}

/** What a package declares, for run time and for development. */
export function allDependencies(workspace: Workspace): Dependencies {
  return { ...workspace.manifest.devDependencies, ...runtimeDependencies(workspace) };
}
