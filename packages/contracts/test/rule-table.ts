import { type Rule, rules } from "@polder/contracts";

/** All rules as tables of Markdown: what each costs, an example, and the way out. */
export function ruleTable(): string {
  const all = Object.entries(rules);
  const head = ["rule", "change", "request", "response", "event", "example", "way out"];
  const travelling = all
    .filter(([, { declaration }]) => declaration === undefined)
    .map(([id, rule]) => [id, rule.title, rule.request, rule.response, rule.event, rule.example, wayOut(rule)]);
  const others = all
    .filter(([, { declaration }]) => declaration !== undefined)
    .map(([id, rule]) => [id, rule.title, rule.declaration, rule.example, wayOut(rule)]);
  return [table(head, travelling), "", table(["rule", "change", "step", "example", "way out"], others)].join("\n");
}

function wayOut({ wayOut: way = "" }: Rule): string {
  return way;
}

function table(head: readonly string[], rows: readonly (readonly (string | undefined)[])[]): string {
  const line = (cells: readonly (string | undefined)[]): string =>
    `| ${cells.map((cell = "") => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    line(head),
    line(head.map(() => "---")),
    ...rows.map(([id = "", ...rest]) => line([`\`${id}\``, ...rest])),
  ].join("\n");
}
