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
    const effect = pair.effect({ earlier: before.pointer, later: variant.pointer });
    const isKnown = effect === "narrowed" || effect === "same";
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
  let removed = [...earlier];
  let added = [...later];
  for (const key of [discriminatorOf, spelled, typeOfVariant]) {
    const left: Variant[] = [];
    for (const variant of removed) {
      const own = key(variant);
      const partners = own === undefined ? [] : added.filter((other) => key(other) === own);
      const twins = removed.filter((other) => key(other) === own);
      const [partner] = partners;
      if (partner === undefined || (key === typeOfVariant && (partners.length > 1 || twins.length > 1))) {
        left.push(variant);
        continue;
      }
      matched.push([variant, partner]);
      added = added.filter((other) => other !== partner);
    }
    removed = left;
  }
  return { matched, removed, added };
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
