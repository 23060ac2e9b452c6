import type { Layer } from "../architecture.ts";
import { generatedDocuments } from "../generated.ts";
import type { Rule, Violation } from "../rule.ts";

/** The documents that every repository of Polder's shape has, with the part that is generated into them. */
const required: Readonly<Record<string, string>> = { "ARCHITECTURE.md": "layers", "docs/errors/README.md": "errors" };

/** Generated parts of the documentation, snippets included, are up to date. */
export function generated(layers: readonly Layer[]): Rule {
  return (tree) => {
    const absent = Object.entries(required)
      .filter(([path, part]) => !tree.get(path)?.includes(`<!-- generated: ${part} -->`))
      .map(
        ([path, part]): Violation => ({
          path,
          message: `lacks its generated part. Put "<!-- generated: ${part} -->" and "<!-- end of ${part} -->" into it, then run "npm run format".`,
        }),
      );
    const stale = [...generatedDocuments(tree, layers)]
      .filter(([path, text]) => tree.get(path) !== text)
      .map(([path, text]) => ({
        path,
        line: firstDifference(tree.get(path) ?? "", text),
        message: `is not what its sources give. Run "npm run format".`,
      }));
    return [...absent, ...stale];
  };
}

function firstDifference(one: string, other: string): number {
  const lines = other.split("\n");
  return one.split("\n").findIndex((line, index) => line !== lines[index]) + 1;
}
