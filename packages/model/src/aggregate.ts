/** A root entity and what always changes with it: the unit of consistency. */
export interface Aggregate {
  readonly kind: "aggregate";
  readonly name: string;
  /** The table of the root entity, in the domain's schema. */
  readonly root: string;
  /** The tables that change with the root only. */
  readonly parts: readonly string[];
}

/** Declares an aggregate: `aggregate("Order", { root: "orders", parts: ["order_line"] })`. */
export function aggregate(
  name: string,
  shape: { readonly root: string; readonly parts?: readonly string[] },
): Aggregate {
  return { kind: "aggregate", name, root: shape?.root, parts: shape?.parts ?? [] };
}
