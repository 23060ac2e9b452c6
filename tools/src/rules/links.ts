import { posix } from "node:path";
import { readMarkdown } from "../markdown.ts";
import type { Rule } from "../rule.ts";
import { filesMatching, type SourceTree } from "../source-tree.ts";

/** Links inside the documentation lead somewhere: to a file, a folder, or a heading. */
export const links: Rule = (tree) =>
  filesMatching(tree, /\.md$/).flatMap(([path, text]) =>
    readMarkdown(text).links.flatMap(({ target, line }) => {
      const message = problemOf(tree, path, target);
      return message === undefined ? [] : [{ path, line, message }];
    }),
  );

function problemOf(tree: SourceTree, path: string, target: string): string | undefined {
  // Another site, or a mail address: not ours to check.
  if (/^[a-z][a-z+.-]*:/.test(target)) return undefined;
  const [file = "", anchor] = decodeURI(target).split("#");
  const goal = file === "" ? path : posix.join(posix.dirname(path), file).replace(/\/$/, "");
  const text = tree.get(goal);
  if (text === undefined) {
    const isFolder = [...tree.keys()].some((other) => other.startsWith(`${goal}/`));
    return isFolder ? undefined : `links to ${target}, but ${goal} does not exist. Correct the link.`;
  }
  if (anchor === undefined || !goal.endsWith(".md")) return undefined;
  const { anchors } = readMarkdown(text);
  if (anchors.has(anchor)) return undefined;
  return `links to ${target}, but ${goal} has no such heading; it has ${[...anchors].map((known) => `#${known}`).join(", ")}.`;
}
