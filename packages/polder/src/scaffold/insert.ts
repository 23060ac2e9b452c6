/** Imports names from a module, into the import that is there or a new one on top. Names that are there stay. */
export function withImport(text: string, module: string, names: readonly string[]): string {
  const pattern = new RegExp(`^import \\{([^}]*)\\} from "${escaped(module)}";$`, "m");
  const found = pattern.exec(text);
  if (found === null) return withNewImport(text, importOf(module, sorted(names)));
  const present = (found[1] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const all = sorted([...new Set([...present, ...names])]);
  return text.replace(pattern, () => importOf(module, all));
}

/** How many characters formatters leave on a line. */
export const LINE_LENGTH_MAX = 120;

function importOf(module: string, names: readonly string[]): string {
  const line = `import { ${names.join(", ")} } from "${module}";`;
  return line.length <= LINE_LENGTH_MAX ? line : `import {\n  ${names.join(",\n  ")},\n} from "${module}";`;
}

/** Puts an item at the end of the one list or object after `opening`, such as `publishes: [`; nothing where it is not found. */
export function withItem(text: string, opening: string, item: string): string | undefined {
  const start = text.indexOf(opening);
  if (start < 0 || text.indexOf(opening, start + 1) >= 0) return undefined;
  const inside = start + opening.length;
  const end = closing(text, inside);
  if (end === undefined) return undefined;
  const content = text.slice(inside, end);
  const isList = opening.endsWith("[");
  const before = content.trimEnd().replace(/,$/, "");
  const tail = content.slice(content.trimEnd().length);
  if (before.trim() === "") return `${text.slice(0, inside)}${isList ? item : ` ${item} `}${text.slice(end)}`;
  // A list over several lines has an item a line, and a comma at its end.
  const isTall = before.includes("\n");
  const indent = /\n([ \t]*)\S[^\n]*$/.exec(before)?.[1] ?? "";
  const added = isTall ? `${before},\n${indent}${item},${tail}` : `${before}, ${item}${tail}`;
  const lineStart = text.lastIndexOf("\n", start) + 1;
  const lineEnd = `${text}\n`.indexOf("\n", end);
  if (isTall || !isList || inside - lineStart + added.length + lineEnd - end <= LINE_LENGTH_MAX)
    return `${text.slice(0, inside)}${added}${text.slice(end)}`;
  const margin = /^[ \t]*/.exec(text.slice(lineStart))?.[0] ?? "";
  const lines = [...itemsOf(before), item].map((one) => `${margin}  ${one},\n`).join("");
  return `${text.slice(0, inside)}\n${lines}${margin}${text.slice(end)}`;
}

/** Where the bracket before `from` is closed; brackets in texts and comments are passed over. */
function closing(text: string, from: number): number | undefined {
  let depth = 1;
  for (const { 0: sign, index } of signsIn(text)) {
    if (index < from) continue;
    depth += depthOf(sign);
    if (depth === 0) return index;
  }
  return undefined;
}

/** The items of a list, without the commas between them. */
function itemsOf(list: string): readonly string[] {
  let depth = 0;
  const commas = [...signsIn(list)].filter(({ 0: sign }) => {
    depth += depthOf(sign);
    return depth === 0 && sign === ",";
  });
  const ends = [...commas.map(({ index }) => index), list.length];
  return ends.map((end, at) => list.slice(at === 0 ? 0 : (ends[at - 1] ?? 0) + 1, end).trim());
}

/** Brackets, commas, and whole texts and comments, in which there may be brackets as well. */
function signsIn(text: string): Iterable<RegExpExecArray> {
  return text.matchAll(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|[[{()}\],]/g);
}

function depthOf(sign: string): number {
  return "[{(".includes(sign) ? 1 : ")}]".includes(sign) ? -1 : 0;
}

/** In the order of the modules' distance, as formatters have it: packages, folders above, files beside. */
function withNewImport(text: string, line: string): string {
  const imports = [...text.matchAll(/^import [^;]*;$/gm)];
  const after = imports.findLast(({ 0: other }) => compareImports(other, line) < 0);
  if (after !== undefined) {
    const at = after.index + after[0].length;
    return `${text.slice(0, at)}\n${line}${text.slice(at)}`;
  }
  return imports.length === 0 ? `${line}\n\n${text}` : `${line}\n${text}`;
}

function compareImports(a: string, b: string): number {
  const place = (line: string): string => {
    const module = /from "([^"]*)"/.exec(line)?.[1] ?? "";
    const distance = module.startsWith("node:") ? 0 : module.startsWith("../") ? 2 : module.startsWith("./") ? 3 : 1;
    // Further away first.
    const ups = 9 - (module.match(/\.\.\//g)?.length ?? 0);
    return `${distance}${ups}${module}`;
  };
  return place(a) < place(b) ? -1 : Number(place(a) > place(b));
}

function sorted(names: readonly string[]): readonly string[] {
  return names.toSorted((a, b) => {
    const [left, right] = [a.replace(/^type /, ""), b.replace(/^type /, "")];
    const [low, high] = [left.toLowerCase(), right.toLowerCase()];
    return low < high ? -1 : low > high ? 1 : Number(left > right) - Number(left < right);
  });
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
