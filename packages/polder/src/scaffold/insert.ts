/** Imports names from a module, into the import that is there or a new one on top. Names that are there stay. */
export function withImport(text: string, module: string, names: readonly string[]): string {
  const pattern = new RegExp(`^import \\{([^}]*)\\} from "${escaped(module)}";$`, "m");
  const found = pattern.exec(text);
  if (found === null) return withNewImport(text, `import { ${sorted(names).join(", ")} } from "${module}";`);
  const present = (found[1] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const all = sorted([...new Set([...present, ...names])]);
  return text.replace(pattern, () => `import { ${all.join(", ")} } from "${module}";`);
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
  return `${text.slice(0, inside)}${added}${text.slice(end)}`;
}

/** Where the bracket before `from` is closed; brackets in texts and comments are passed over. */
function closing(text: string, from: number): number | undefined {
  const passed = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|[[{()}\]]/g;
  passed.lastIndex = from;
  let depth = 1;
  for (const { 0: sign, index } of text.matchAll(passed)) {
    if (index < from) continue;
    if ("[{(".includes(sign)) depth += 1;
    if (")}]".includes(sign)) depth -= 1;
    if (depth === 0) return index;
  }
  return undefined;
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
