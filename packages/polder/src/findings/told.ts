import type { Reported } from "./reported.ts";

/** Findings for people: a block each, with where, what, and the way out. */
export function toldFindings(findings: readonly Reported[]): string {
  return findings.map(told).join("\n\n");
}

function told({ rule, severity, file, line, message, wayOut, details }: Reported): string {
  return [
    `${severity}  ${rule}  ${file}:${line}`,
    `  ${message}.`,
    ...details.map((detail) => `    ${detail}`),
    `  What to do: ${wayOut}`,
  ].join("\n");
}
