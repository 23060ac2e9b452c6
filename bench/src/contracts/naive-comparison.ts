type Json = Readonly<Record<string, unknown>>;

/**
 * What is often written first: every difference of two JSON trees, with its path. It knows nothing of schemas, so it
 * cannot say who breaks; it is here as the least that a comparison costs.
 */
export function naiveDifferences(earlier: unknown, later: unknown, path = ""): readonly string[] {
  if (earlier === later) return [];
  if (!isTree(earlier) || !isTree(later)) return [path];
  const keys = new Set([...Object.keys(earlier), ...Object.keys(later)]);
  return [...keys].flatMap((key) => naiveDifferences(earlier[key], later[key], `${path}/${key}`));
}

function isTree(value: unknown): value is Json {
  return typeof value === "object" && value !== null;
}
