import type { SourceTree } from "./source-tree.ts";

/** A fenced block that shows a file or a region of it: `ts file=examples/shop/x.ts#region`. */
export interface Snippet {
  /** The path and the region's name, as written: `path#region`. */
  readonly source: string;
  /** The line of the opening fence, counted from 1. */
  readonly line: number;
  /** What the block shows now. */
  readonly shown: string;
}

const block = /^(```+)(\w+ file=(\S+))\n((?:(?!\1).*\n)*)\1$/gm;

/** The snippets of a document. */
export function snippetsOf(text: string): readonly Snippet[] {
  return [...text.matchAll(block)].map(({ index, 3: source = "", 4: shown = "" }) => ({
    source,
    line: text.slice(0, index).split("\n").length,
    shown,
  }));
}

/** The document with every snippet as its source is now; a snippet whose source is missing stays as it is. */
export function refreshSnippets(tree: SourceTree, text: string): string {
  return text.replace(block, (whole, fence: string, info: string, source: string) => {
    const region = regionOf(tree, source);
    return region === undefined ? whole : `${fence}${info}\n${region}${fence}`;
  });
}

/**
 * The text of `path#region`: what stands between `// #region name` and `// #endregion name`, moved to the margin. A
 * `path` alone is the whole file.
 */
export function regionOf(tree: SourceTree, source: string): string | undefined {
  const [path = "", name = ""] = source.split("#");
  if (name === "") return tree.get(path);
  const lines = tree.get(path)?.split("\n") ?? [];
  const start = lines.findIndex((line) => markerOf(line) === `region ${name}`);
  const end = lines.findIndex((line) => markerOf(line) === `endregion ${name}`);
  if (start === -1 || end < start) return undefined;
  const inside = lines.slice(start + 1, end).filter((line) => markerOf(line) === undefined);
  const margin = Math.min(...inside.filter((line) => line.trim() !== "").map((line) => line.search(/\S/)));
  return inside.map((line) => `${line.slice(margin)}\n`).join("");
}

function markerOf(line: string): string | undefined {
  return /^\s*(?:\/\/|--|#)\s*#((?:end)?region \S+)\s*$/.exec(line)?.[1];
}
