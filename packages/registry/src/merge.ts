import type { Metadata, Rule, RuleSet } from "./schema/schema-content.ts";

/** Metadata over other metadata: properties of the second win, tags and sensitive names add up. */
export function mergedMetadata(under: Metadata | null, over: Metadata | null): Metadata | null {
  if (under === null || over === null) return over ?? under;
  const tagged = [...new Set([...Object.keys(under.tags ?? {}), ...Object.keys(over.tags ?? {})])];
  const tags = tagged.map((path) => [path, united(under.tags?.[path], over.tags?.[path])] as const);
  const sensitive = united(under.sensitive, over.sensitive);
  const properties = { ...under.properties, ...over.properties };
  return {
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(tags.length === 0 ? {} : { tags: Object.fromEntries(tags) }),
    ...(sensitive.length === 0 ? {} : { sensitive }),
  };
}

/** Rules over other rules: of two with one name the second wins. */
export function mergedRuleSet(under: RuleSet | null, over: RuleSet | null): RuleSet | null {
  if (under === null || over === null) return over ?? under;
  const lists = ["migrationRules", "domainRules", "encodingRules"] as const;
  return Object.fromEntries(
    lists
      .map((name) => [name, mergedRules(under[name] ?? [], over[name] ?? [])] as const)
      .filter(([, rules]) => rules.length > 0),
  );
}

function mergedRules(under: readonly Rule[], over: readonly Rule[]): readonly Rule[] {
  const names = new Set(over.map(({ name }) => name));
  return [...under.filter(({ name }) => !names.has(name)), ...over];
}

function united(some: readonly string[] = [], others: readonly string[] = []): readonly string[] {
  return [...new Set([...some, ...others])];
}
