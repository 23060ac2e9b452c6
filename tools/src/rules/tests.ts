import type { Rule } from "../rule.ts";
import { filesMatching, isTest, lineAt, typeScript } from "../source-tree.ts";
import { importsOf, type Node, rootName, syntaxOf, walk } from "../syntax.ts";

const runners = new Set(["describe", "it", "test", "suite", "bench"]);
const switches = new Set(["only", "skip", "todo"]);
const sleepers = new Set(["setTimeout", "setInterval", "sleep", "delay"]);

/** Tests all run, and wait for signals instead of the clock. */
export const tests: Rule = (tree) =>
  filesMatching(tree, typeScript)
    .filter(([path]) => isTest(path))
    .flatMap(([path, text]) => {
      const found = importsOf(tree, path)
        .filter(({ specifier }) => specifier.startsWith("node:timers"))
        .map(({ specifier, line }) => ({ path, line, message: `imports ${specifier}. ${awaitSignals}` }));
      walk(syntaxOf(tree, path).program, (node) => {
        const message = problemOf(node);
        if (message !== undefined) found.push({ path, line: lineAt(text, node.start), message });
      });
      return found;
    });

const awaitSignals = "Tests never sleep: await the event itself, or pass a clock that the test moves.";

function problemOf(node: Node): string | undefined {
  if (node.type === "MemberExpression" && node.property.type === "Identifier" && switches.has(node.property.name)) {
    const runner = rootName(node.object);
    if (runner === undefined || !runners.has(runner)) return undefined;
    return `uses ${runner}.${node.property.name}. Let every test run; one that cannot says what is missing: context.skip("…").`;
  }
  if (node.type !== "CallExpression") return undefined;
  const callee =
    node.callee.type === "MemberExpression" && rootName(node.callee.object) === "globalThis"
      ? node.callee.property
      : node.callee;
  return callee.type === "Identifier" && sleepers.has(callee.name)
    ? `calls ${callee.name}. ${awaitSignals}`
    : undefined;
}
