import type { Reported } from "./reported.ts";

const levels = { error: "error", warning: "warning", note: "notice" } as const;

/**
 * Findings as workflow commands, which GitHub shows beside the lines that they are about
 * (GitHub Actions, "Workflow commands", `error`, `warning`, `notice`).
 */
export function annotationsOf(findings: readonly Reported[]): string {
  return findings.map(annotation).join("\n");
}

function annotation({ rule, severity, file, line, message, wayOut, details }: Reported): string {
  const text = [`${message}.`, ...details, wayOut].join("\n");
  return `::${levels[severity]} file=${property(file)},line=${line},title=${property(rule)}::${data(text)}`;
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
