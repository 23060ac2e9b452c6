/** What the rules need to know of a Markdown document. */
export interface Markdown {
  /** Targets of links and images, code left aside. */
  readonly links: readonly { readonly target: string; readonly line: number }[];
  /** The anchors of its headings, named as code hosts name them. */
  readonly anchors: ReadonlySet<string>;
}

/** Reads links and headings from a document. */
export function readMarkdown(text: string): Markdown {
  const lines = withoutCode(text);
  const links = lines.flatMap((line, index) => targetsIn(line).map((target) => ({ target, line: index + 1 })));
  return { links, anchors: anchorsOf(lines) };
}

/** The lines, those of fenced blocks emptied. */
function withoutCode(text: string): readonly string[] {
  let fence: string | undefined;
  return text.split("\n").map((line) => {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1];
    if (fence === undefined) {
      fence = mark;
      return mark === undefined ? line : "";
    }
    if (mark?.startsWith(fence)) fence = undefined;
    return "";
  });
}

function targetsIn(line: string): readonly string[] {
  const prose = line.replace(/`[^`]*`/g, "");
  const patterns = [/\]\(\s*<?([^)\s>]+)/g, /^\s*\[[^\]]+\]:\s*(\S+)/g, /\b(?:href|src)="([^"]+)"/g];
  return patterns.flatMap((pattern) => [...prose.matchAll(pattern)].map((match) => match[1] ?? ""));
}

function anchorsOf(lines: readonly string[]): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const line of lines) {
    for (const [, id = ""] of line.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const slug = slugOf(heading);
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

function slugOf(heading: string): string {
  return heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}\p{Mark}\s_-]/gu, "")
    .replace(/\s/g, "-");
}
