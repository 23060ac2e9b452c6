import { sameJson } from "../schema/same-json.ts";
import type { RuleId } from "./rules.ts";
import type { Place, SchemaPair } from "./schema-pair.ts";
import { discriminatorOf, type Subject, type Variant } from "./subject.ts";

/** What a walk over unions needs of the walk that it is a part of. */
interface UnionWalk {
  readonly pair: SchemaPair;
  readonly changes: { readonly rule: RuleId; readonly pointer: string; readonly says: string }[];
  readonly descend: (earlier: unknown, later: unknown, place: Place) => void;
}

/** Changes of a union: variants that came, went, or changed inside. What is no union counts as one of a single variant. */
export function unionChanges({ pair, changes, descend }: UnionWalk, before: Subject, after: Subject): void {
  const earlier = variantsOf(before);
  const later = variantsOf(after);
  const { matched, removed, added } = matchVariants(earlier, later);
  for (const [one, other] of matched)
    if (!sameJson(one.schema, other.schema))
      descend(one.schema, other.schema, { earlier: one.pointer, later: other.pointer });
  for (const variant of added) {
    const isKnown =
      pair.travels("response", { earlier: before.pointer, later: variant.pointer }).verdict === "included";
    const rule = isKnown ? "open-union-variant-added" : "union-variant-added";
    changes.push({ rule, pointer: variant.pointer, says: `is a new variant${nameOf(variant)}` });
  }
  for (const variant of removed)
    changes.push({
      rule: "union-variant-removed",
      pointer: variant.pointer,
      says: `is no variant any more${nameOf(variant)}`,
    });
}

interface Matching {
  readonly matched: readonly (readonly [Variant, Variant])[];
  readonly removed: readonly Variant[];
  readonly added: readonly Variant[];
}

/** Pairs variants by the field that tells them apart, by what they say, by type, and the last one with the last one. */
function matchVariants(earlier: readonly Variant[], later: readonly Variant[]): Matching {
  const matched: (readonly [Variant, Variant])[] = [];
  let removed = earlier;
  const added = new Set(later);
  for (const key of [discriminatorOf, spelled, typeOfVariant]) {
    const partners = groupedBy(key, [...added]);
    const twins = groupedBy(key, removed);
    const left: Variant[] = [];
    for (const variant of removed) {
      const own = key(variant);
      const others = own === undefined ? [] : (partners.get(own) ?? []);
      const isUnclear = others.length > 1 || (twins.get(own ?? "") ?? []).length > 1;
      const partner = key === typeOfVariant && isUnclear ? undefined : others.shift();
      if (partner === undefined) {
        left.push(variant);
        continue;
      }
      matched.push([variant, partner]);
      added.delete(partner);
    }
    removed = left;
  }
  return { matched, removed, added: [...added] };
}

/** Variants by what they have in common; those that have it not are left out. */
function groupedBy(
  key: (variant: Variant) => string | undefined,
  variants: readonly Variant[],
): ReadonlyMap<string, Variant[]> {
  const groups = new Map<string, Variant[]>();
  for (const variant of variants) {
    const own = key(variant);
    if (own === undefined) continue;
    const group = groups.get(own) ?? [];
    group.push(variant);
    groups.set(own, group);
  }
  return groups;
}

function variantsOf({ variants, schema, pointer }: Subject): readonly Variant[] {
  return variants ?? [{ schema, pointer }];
}

function spelled({ schema }: Variant): string {
  return JSON.stringify(schema);
}

/** Variants without a telling field are the same one if there is only one of their type. */
function typeOfVariant(variant: Variant): string | undefined {
  return discriminatorOf(variant) === undefined ? JSON.stringify(variant.schema["type"]) : undefined;
}

function nameOf(variant: Variant): string {
  const name = discriminatorOf(variant);
  return name === undefined ? "" : ` (${name})`;
}
