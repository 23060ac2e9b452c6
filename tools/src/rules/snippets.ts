import type { Rule } from "../rule.ts";
import { regionOf, snippetsOf } from "../snippet.ts";
import { filesMatching } from "../source-tree.ts";

/** A snippet of the documentation names a region that exists; that it shows the same text is the matter of `generated`. */
export const snippets: Rule = (tree) =>
  filesMatching(tree, /\.md$/).flatMap(([path, text]) =>
    snippetsOf(text)
      .filter(({ source }) => regionOf(tree, source) === undefined)
      .map(({ source, line }) => {
        const [file = "", region = ""] = source.split("#");
        const message = `shows ${source}, which does not exist. Mark it in ${file}: "// #region ${region}" … "// #endregion ${region}".`;
        return { path, line, message };
      }),
  );
