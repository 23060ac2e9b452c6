/** Quotes a name for PostgreSQL: the only way a name may get into the text of a statement. */
export function identifier(...path: readonly string[]): string {
  return path.map((name) => `"${name.replaceAll('"', '""').replaceAll("\0", "")}"`).join(".");
}

/**
 * Quotes a text as a literal, for the few statements that take no parameters (`alter role … password`,
 * the bodies of functions). Everywhere else a value is a parameter.
 */
export function literal(text: string): string {
  return ` E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''").replaceAll("\0", "")}'`;
}
