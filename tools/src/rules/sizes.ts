import type { Rule, Violation } from "../rule.ts";
import { filesMatching, lineAt, type SourceTree, typeScript } from "../source-tree.ts";
import { type Node, rootName, syntaxOf, walk } from "../syntax.ts";

const fileLinesMax = 400;
const functionLinesMax = 70;
const sized = /\.(?:tsx?|mjs|cjs|js|css|sql)$/;
const ratchetPath = "tools/ratchet.json";

/** What the ratchet excuses: `path` for a file, `path#function` for a function. */
type Ratchet = Readonly<Record<string, { readonly lines: number; readonly reason: string }>>;

/**
 * Files and functions stay small. What is larger stands in the ratchet with its size and a reason;
 * its size is the real one, so that it shrinks with the code and growth shows in the diff.
 */
export const sizes: Rule = (tree) => {
  const ratchet = JSON.parse(tree.get(ratchetPath) ?? "{}") as Ratchet;
  const large = new Map([...largeFiles(tree), ...largeFunctions(tree)]);
  const unlisted = [...large].filter(([key]) => !(key in ratchet)).map(([, { violation }]) => violation);
  const excused = Object.entries(ratchet).flatMap(([key, entry]) =>
    ratchetProblems(entry, large.get(key)?.lines).map((message) => ({
      path: ratchetPath,
      message: `${key} ${message}`,
    })),
  );
  return [...unlisted, ...excused];
};

type Large = readonly [key: string, found: { readonly lines: number; readonly violation: Violation }];

function largeFiles(tree: SourceTree): readonly Large[] {
  return filesMatching(tree, sized).flatMap(([path, text]): Large[] => {
    const lines = text.replace(/\n$/, "").split("\n").length;
    if (lines <= fileLinesMax) return [];
    const message = `has ${lines} lines; allowed: ${fileLinesMax}. Split it by what it does.`;
    return [[path, { lines, violation: { path, message } }]];
  });
}

function largeFunctions(tree: SourceTree): readonly Large[] {
  return filesMatching(tree, typeScript).flatMap(([path, text]) => {
    const large: Large[] = [];
    walk(syntaxOf(tree, path).program, (node, around) => {
      if (!isFunction(node) || isChapter(node, around[0])) return;
      const line = lineAt(text, node.start);
      const lines = lineAt(text, node.end) - line + 1;
      if (lines <= functionLinesMax) return;
      const name = functionName(node, around[0]);
      const message = `${name} has ${lines} lines; allowed: ${functionLinesMax}. Split it by its steps.`;
      large.push([`${path}#${name}`, { lines, violation: { path, line, message } }]);
    });
    return large;
  });
}

function ratchetProblems({ lines, reason }: Ratchet[string], real: number | undefined): readonly string[] {
  if (real === undefined) return ["is small enough now, or gone. Remove the entry."];
  const problems: string[] = [];
  if (real < lines) problems.push(`has shrunk from ${lines} to ${real} lines. Write ${real}.`);
  if (real > lines)
    problems.push(`has grown from ${lines} to ${real} lines; entries may only shrink. Take out what was added.`);
  if (reason.trim() === "") problems.push("gives no reason. Say why it cannot be smaller yet.");
  return problems;
}

function isFunction(node: Node): boolean {
  return (
    node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression"
  );
}

/** The body of a `describe`: a chapter of tests, not a function. */
function isChapter(node: Node, parent: Node | undefined): boolean {
  return parent?.type === "CallExpression" && parent.callee !== node && rootName(parent.callee) === "describe";
}

function functionName(node: Node, parent: Node | undefined): string {
  if ("id" in node && node.id !== null && "name" in node.id) return String(node.id.name);
  if (parent?.type === "VariableDeclarator" && parent.id.type === "Identifier") return parent.id.name;
  if (parent !== undefined && "key" in parent && "name" in parent.key) return String(parent.key.name);
  if (parent?.type === "CallExpression") {
    const title = parent.arguments[0];
    const words = title?.type === "Literal" ? ` ${String(title.value)}` : "";
    return `${rootName(parent.callee) ?? "call"}${words}`;
  }
  return "anonymous";
}
