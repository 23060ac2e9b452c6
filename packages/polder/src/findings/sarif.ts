import type { Reported } from "./reported.ts";

/** Who reports, and what its rules say. */
export interface SarifOptions {
  /** Such as `polder contracts check`. */
  readonly tool: string;
  /** A sentence for each rule. */
  readonly rules: Readonly<Record<string, string>>;
  /** The page that explains them all. */
  readonly page: string;
}

/**
 * Findings as a log in SARIF 2.1.0 (OASIS), which code hosts and editors read. The page is told in words: where the
 * standard has a place for an address, that must be an absolute one.
 */
export function sarifOf(findings: readonly Reported[], { tool, rules: sentences, page }: SarifOptions): object {
  const rules = [...new Set(findings.map(({ rule }) => rule))].sort();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: tool, rules: rules.map((id) => ruleOf(id, sentences[id] ?? id, page)) } },
        columnKind: "utf16CodeUnits",
        results: findings.map((finding) => resultOf(finding, rules)),
      },
    ],
  };
}

function ruleOf(id: string, sentence: string, page: string): object {
  const help = { text: `${sentence} See ${page}.` };
  return { id, shortDescription: { text: sentence }, fullDescription: help, help };
}

function resultOf(
  { rule, severity, file, line, message, wayOut, details }: Reported,
  rules: readonly string[],
): object {
  return {
    ruleId: rule,
    ruleIndex: rules.indexOf(rule),
    level: severity,
    message: { text: [`${message}.`, ...details, wayOut].join("\n") },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(file) }, region: { startLine: line } } }],
  };
}

/** A relative reference (RFC 3986): slashes, and what a URI may not have encoded. */
function uriOf(file: string): string {
  return file.split(/[\\/]/).map(encodeURIComponent).join("/");
}
