import type { Rule } from "../rule.ts";
import { filesMatching, lineAt, typeScript } from "../source-tree.ts";
import { syntaxOf } from "../syntax.ts";

const mark = /\b(?:TODO|FIXME|XXX)\b/;

/** Comments hold no loose ends. */
export const looseEnds: Rule = (tree) =>
  filesMatching(tree, typeScript).flatMap(([path, text]) =>
    syntaxOf(tree, path).comments.flatMap(({ value, start }) => {
      const found = mark.exec(value);
      if (found === null) return [];
      const message = `leaves a ${found[0]} in a comment. Do it, or say what holds today.`;
      return [{ path, line: lineAt(text, start), message }];
    }),
  );
