import type { Reported } from "./reported.ts";

/** Where the rules of a report are explained. */
export interface SarifOptions {
  /** Such as `polder contracts check`. */
  readonly tool: string;
  /** A page for all its rules. */
  readonly help: string;
}

/** Findings as a log in SARIF 2.1.0 (OASIS), which code hosts and editors read. */
export function sarifOf(findings: readonly Reported[], { tool, help }: SarifOptions): object {
  const rules = [...new Set(findings.map(({ rule }) => rule))].sort();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: tool, informationUri: help, rules: rules.map((id) => ({ id, helpUri: help })) } },
        columnKind: "utf16CodeUnits",
        results: findings.map((finding) => resultOf(finding, rules)),
      },
    ],
  };
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
