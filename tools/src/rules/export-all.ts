import type { Rule } from "../rule.ts";
import { filesMatching, lineAt, typeScript } from "../source-tree.ts";
import { syntaxOf } from "../syntax.ts";

/** An index names each export: `export *` hides what a package promises. */
export const exportAll: Rule = (tree) =>
  filesMatching(tree, typeScript).flatMap(([path, text]) =>
    syntaxOf(tree, path)
      .program.body.filter((node) => node.type === "ExportAllDeclaration" && node.exported === null)
      .map((node) => ({
        path,
        line: lineAt(text, node.start),
        message: "exports everything of another file. Name each export.",
      })),
  );
