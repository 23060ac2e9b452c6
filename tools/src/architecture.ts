import type { Layer, PackagePlan } from "../../architecture.ts";

export type { Layer, PackagePlan } from "../../architecture.ts";

/** The plan of a package of this name. */
export function planOf(layers: readonly Layer[], name: string): PackagePlan | undefined {
  return layers.flat().find((plan) => plan.name === name);
}

/** The packages that a package may import: its own list, or all of the layers below it. */
export function mayImport(layers: readonly Layer[], plan: PackagePlan): readonly string[] {
  return plan.mayImport ?? namesBelow(layers, plan);
}

/** The packages that the tests of a package may import. */
export function testsMayImport(layers: readonly Layer[], plan: PackagePlan): readonly string[] {
  return [...mayImport(layers, plan), ...(plan.testsMayImport ?? [])];
}

/** The packages of the layers below a package. */
export function namesBelow(layers: readonly Layer[], plan: PackagePlan): readonly string[] {
  const layer = layers.findIndex((packages) => packages.includes(plan));
  const below = layers.slice(0, layer).flat();
  return below.map(({ name }) => name);
}

/** A list of names for a message. */
export function listed(names: readonly string[]): string {
  return names.length === 0 ? "nothing" : names.join(", ");
}
