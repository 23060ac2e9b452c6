import type { Stage } from "./stage.ts";

/** Something that happens in the shop, told step by step; every claim is checked while it is told. */
export interface Story {
  readonly title: string;
  readonly tell: (stage: Stage) => Promise<void>;
}
