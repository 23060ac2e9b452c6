import type { Rule, Violation } from "../rule.ts";
import { filesMatching, isTest, lineAt, typeScript } from "../source-tree.ts";
import { type Node, rootName, syntaxOf, walk } from "../syntax.ts";

/**
 * The start of a statement, after blanks and SQL comments. All small or all capital letters:
 * "Create the role…" is a sentence.
 */
const statement =
  /^(?:\s|--[^\n]*\n)*(?:select|insert|update|delete|create|alter|grant|revoke|drop|with|SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|GRANT|REVOKE|DROP|WITH)\b/;
const constant = /^(?:sql.*|[A-Z][A-Z0-9_]*)$/;
const quoting = /^(?:identifier|literal|sql.*)$/;

/** Values are never spliced into SQL: they are parameters, and names go through the quoting functions. */
export const sqlSplices: Rule = (tree) =>
  filesMatching(tree, typeScript)
    .filter(([path]) => /^packages\/[^/]+\/src\//.test(path) && !isTest(path))
    .flatMap(([path, text]) => {
      const found: Violation[] = [];
      walk(syntaxOf(tree, path).program, (node, around) => {
        for (const splice of splicesIn(node, around[0])) {
          const message = `splices \${${text.slice(splice.start, splice.end)}} into SQL. ${mending}`;
          found.push({ path, line: lineAt(text, splice.start), message });
        }
      });
      return found;
    });

const mending =
  "Pass a value as a parameter ($1); quote a name with identifier(…), a constant of a statement that takes no parameters with literal(…); name a piece of SQL sql….";

function splicesIn(node: Node, parent: Node | undefined): readonly Node[] {
  if (node.type === "BinaryExpression" && node.operator === "+") {
    const { left } = node;
    const isStatement = left.type === "Literal" && typeof left.value === "string" && statement.test(left.value);
    return isStatement && !isSafe(node.right) ? [node.right] : [];
  }
  if (node.type !== "TemplateLiteral" || !statement.test(node.quasis[0]?.value.raw ?? "")) return [];
  // A tag such as sql`…` turns its expressions into parameters.
  if (parent?.type === "TaggedTemplateExpression" && quoting.test(rootName(parent.tag) ?? "")) return [];
  return node.expressions.filter((expression) => !isSafe(expression));
}

function isSafe(node: Node): boolean {
  if (node.type === "Literal") return true;
  if (node.type === "Identifier") return constant.test(node.name);
  if (node.type === "MemberExpression") {
    const isPiece = node.object.type === "Identifier" && /^sql/.test(node.object.name);
    return isPiece || (node.property.type === "Identifier" && constant.test(node.property.name));
  }
  if (node.type === "CallExpression") return node.callee.type === "Identifier" && quoting.test(node.callee.name);
  return false;
}
