import { filesMatching, lineAt, type SourceTree } from "./source-tree.ts";
import { type Node, rootName, syntaxOf, walk } from "./syntax.ts";

/** An error code and where it is declared. */
export interface ErrorCode {
  readonly code: string;
  /** The folder of the package that throws it. */
  readonly folder: string;
  readonly path: string;
  readonly line: number;
}

/** The page about a code. */
export function pagePath(code: string): string {
  return `docs/errors/${code}.md`;
}

/** Every code that a package declares through `defineErrors` in its `src/errors.ts`. */
export function errorCodesOf(tree: SourceTree): readonly ErrorCode[] {
  return filesMatching(tree, /^packages\/[^/]+\/src\/errors\.ts$/).flatMap(([path, text]) => {
    const folder = path.replace(/\/src\/errors\.ts$/, "");
    const codes: ErrorCode[] = [];
    for (const declared of declaredObjects(syntaxOf(tree, path).program)) {
      for (const property of declared.properties) {
        if (property.type !== "Property" || property.key.type !== "Identifier") continue;
        codes.push({ code: property.key.name, folder, path, line: lineAt(text, property.start) });
      }
    }
    return codes;
  });
}

type ObjectExpression = Extract<Node, { type: "ObjectExpression" }>;

/** The objects handed to `defineErrors`, in place or by the name of a constant. */
function declaredObjects(program: Node): readonly ObjectExpression[] {
  const constants = new Map<string, Node>();
  const handed: Node[] = [];
  walk(program, (node) => {
    if (node.type === "VariableDeclarator" && node.id.type === "Identifier" && node.init !== null)
      constants.set(node.id.name, node.init);
    if (node.type === "CallExpression" && rootName(node.callee) === "defineErrors") handed.push(...node.arguments);
  });
  return handed
    .map((node) => bare(node.type === "Identifier" ? (constants.get(node.name) ?? node) : node))
    .filter((node) => node.type === "ObjectExpression");
}

/** An expression without `as const` or `satisfies …` around it. */
function bare(node: Node): Node {
  return node.type === "TSAsExpression" || node.type === "TSSatisfiesExpression" ? bare(node.expression) : node;
}
