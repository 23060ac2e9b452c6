/** Quotes a name for PostgreSQL: the only way a name may get into the text of a statement. */
export function identifier(...path: readonly string[]): string {
  return path.map((name) => `"${whole(name).replaceAll('"', '""')}"`).join(".");
}

/**
 * Quotes a text as a literal, for the few statements that take no parameters (`alter role … password`,
 * the bodies of functions). Everywhere else a value is a parameter.
 */
export function literal(text: string): string {
  return ` E'${whole(text).replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** PostgreSQL keeps no NUL; left out, another name would be meant, and sent along, the statement would end there. */
function whole(text: string): string {
  if (text.includes("\0")) throw new RangeError(`${JSON.stringify(text)} holds a NUL, which PostgreSQL cannot keep`);
  return text;
}
