import {
  type Layer,
  listed,
  mayImport,
  namesBelow,
  type PackagePlan,
  planOf,
  testsMayImport,
} from "../architecture.ts";
import type { Rule, Violation } from "../rule.ts";
import type { SourceTree } from "../source-tree.ts";
import { allDependencies, type Workspace, workspacesOf } from "../workspace.ts";

/** Every package stands in the architecture, is as it says there, has a README, and depends on what it may. */
export function manifests(layers: readonly Layer[]): Rule {
  return (tree) => {
    const workspaces = workspacesOf(tree).filter(({ folder }) => folder !== "");
    return [
      ...layers.flat().flatMap((plan) => planProblems(layers, plan, workspaces)),
      ...workspaces.flatMap((workspace) => packageProblems(layers, workspace, tree)),
      ...workspaces.flatMap((workspace) => dependencyProblems(layers, workspace, workspaces)),
    ];
  };
}

function planProblems(layers: readonly Layer[], plan: PackagePlan, workspaces: readonly Workspace[]): Violation[] {
  const below = namesBelow(layers, plan);
  const upward = [...(plan.mayImport ?? []), ...(plan.testsMayImport ?? [])].filter((name) => !below.includes(name));
  const messages = upward.map(
    (name) =>
      `lets ${plan.name} import ${name}, which is not below it; below it are ${listed(below)}. Move one of them.`,
  );
  if (!workspaces.some(({ folder }) => folder === plan.folder)) {
    messages.push(
      `lists ${plan.name}, but ${plan.folder}/package.json does not exist. Make the package, or take it off the list.`,
    );
  }
  return messages.map((message) => ({ path: "architecture.ts", message }));
}

function packageProblems(layers: readonly Layer[], { folder, manifest }: Workspace, tree: SourceTree): Violation[] {
  const path = `${folder}/package.json`;
  const plan = planOf(layers, manifest.name);
  if (plan?.folder !== folder) {
    return [{ path, message: `is not in architecture.ts as ${manifest.name} at ${folder}. Give it a layer there.` }];
  }
  const messages: string[] = [];
  if (manifest.description !== plan.purpose) {
    messages.push(
      `describes the package in other words than architecture.ts: "${plan.purpose}". Make the two the same.`,
    );
  }
  if (!tree.has(`${folder}/README.md`)) {
    messages.push(
      "has no README.md beside it. Write one: a paragraph, an example that runs, what the package may import.",
    );
  }
  return messages.map((message) => ({ path, message }));
}

function dependencyProblems(
  layers: readonly Layer[],
  workspace: Workspace,
  workspaces: readonly Workspace[],
): Violation[] {
  const plan = planOf(layers, workspace.manifest.name);
  if (plan === undefined) return [];
  const forDevelopment = workspace.manifest.devDependencies ?? {};
  return Object.entries(allDependencies(workspace)).flatMap(([name, range]) => {
    const target = workspaces.find(({ manifest }) => manifest.name === name)?.manifest;
    if (target === undefined) return [];
    const path = `${workspace.folder}/package.json`;
    const allowed = name in forDevelopment ? testsMayImport(layers, plan) : mayImport(layers, plan);
    if (!allowed.includes(name)) {
      return [
        {
          path,
          message: `depends on ${name}; allowed: ${listed(allowed)}. Move the shared piece down, or have it passed in.`,
        },
      ];
    }
    if (range === target.version) return [];
    return [
      {
        path,
        message: `wants ${name} ${range}, but the workspace holds ${target.version}. Write "${target.version}".`,
      },
    ];
  });
}
