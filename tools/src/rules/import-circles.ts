import { posix } from "node:path";
import type { Rule } from "../rule.ts";
import { filesMatching, type SourceTree, typeScript } from "../source-tree.ts";
import { importsOf } from "../syntax.ts";

/** Files do not import each other in a circle. Imports of types alone do not count: they are gone at run time. */
export const importCircles: Rule = (tree) => {
  const graph = new Map(filesMatching(tree, typeScript).map(([path]) => [path, runtimeImports(tree, path)]));
  const reported = new Set<string>();
  return [...graph.keys()].flatMap((path) => {
    if (reported.has(path)) return [];
    const circle = shortestCircle(graph, path);
    if (circle === undefined) return [];
    for (const member of circle) reported.add(member);
    const way = [...circle, path].join(" → ");
    return [{ path, message: `imports itself in a circle: ${way}. Move what both need into a file of its own.` }];
  });
};

type Graph = ReadonlyMap<string, readonly string[]>;

function runtimeImports(tree: SourceTree, path: string): readonly string[] {
  return importsOf(tree, path)
    .filter(({ specifier, runtime }) => runtime && specifier.startsWith("."))
    .map(({ specifier }) => posix.join(posix.dirname(path), specifier));
}

/** The shortest way from a file back to itself, breadth first. */
function shortestCircle(graph: Graph, start: string): readonly string[] | undefined {
  const ways: string[][] = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const next of graph.get(way.at(-1) ?? start) ?? []) {
      if (next === start) return way;
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}
