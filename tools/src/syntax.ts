import { type Comment, type Node, type Program, parseSync, visitorKeys } from "oxc-parser";
import { lineAt, type SourceTree } from "./source-tree.ts";

export type { Node } from "oxc-parser";

/** A parsed TypeScript file. Offsets in it are those of the text. */
export interface Syntax {
  readonly program: Program;
  readonly comments: readonly Comment[];
}

const parsed = new WeakMap<SourceTree, Map<string, Syntax>>();

/** Parses a file of the tree, once for each tree. What cannot be parsed is skipped: the compiler reports it better. */
export function syntaxOf(tree: SourceTree, path: string): Syntax {
  const files = parsed.get(tree) ?? new Map<string, Syntax>();
  parsed.set(tree, files);
  const known = files.get(path);
  if (known !== undefined) return known;
  const { program, comments } = parseSync(path, tree.get(path) ?? "");
  const syntax = { program, comments };
  files.set(path, syntax);
  return syntax;
}

/** Visits a node and all below it, each with the nodes around it, innermost first. */
export function walk(
  node: Node,
  visit: (node: Node, around: readonly Node[]) => void,
  around: readonly Node[] = [],
): void {
  visit(node, around);
  const inner = [node, ...around];
  for (const key of visitorKeys[node.type] ?? []) {
    const child: unknown = Reflect.get(node, key);
    for (const item of Array.isArray(child) ? child : [child]) if (isNode(item)) walk(item, visit, inner);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value;
}

/** The name at the root of a callee: `describe` of `describe.each(cases)`. */
export function rootName(node: Node): string | undefined {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MemberExpression") return rootName(node.object);
  if (node.type === "CallExpression") return rootName(node.callee);
  return undefined;
}

/** One import, re-export or import type of a file. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** False where the import is gone once types are stripped. */
  readonly runtime: boolean;
}

/** What a file imports by a literal specifier. */
export function importsOf(tree: SourceTree, path: string): readonly Import[] {
  const text = tree.get(path) ?? "";
  const imports: Import[] = [];
  walk(syntaxOf(tree, path).program, (node) => {
    const found = importIn(node);
    if (found !== undefined) imports.push({ ...found, line: lineAt(text, node.start) });
  });
  return imports;
}

function importIn(node: Node): Pick<Import, "specifier" | "runtime"> | undefined {
  switch (node.type) {
    case "ImportDeclaration":
      return { specifier: node.source.value, runtime: node.importKind !== "type" };
    case "ExportAllDeclaration":
      return { specifier: node.source.value, runtime: node.exportKind !== "type" };
    case "ExportNamedDeclaration":
      return node.source === null ? undefined : { specifier: node.source.value, runtime: node.exportKind !== "type" };
    case "ImportExpression":
      return literalString(node.source, true);
    case "TSImportType":
      return literalString(node.source, false);
    default:
      return undefined;
  }
}

function literalString(node: Node, runtime: boolean): Pick<Import, "specifier" | "runtime"> | undefined {
  return node.type === "Literal" && typeof node.value === "string" ? { specifier: node.value, runtime } : undefined;
}
