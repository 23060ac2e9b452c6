import type { OpenCallServer } from "./contender.ts";

/** How a contender is started, and how it is called. */
export interface Contending {
  /** Its code is loaded in its own process only. */
  readonly open: () => Promise<OpenCallServer>;
  /** Those of Polder have a database with domains in it; the others share one. */
  readonly database: "polder" | "by_hand";
  /** Does it want a token with each request? */
  readonly identifies: boolean;
  /** By whom it is called. */
  readonly way: "raw" | "client";
}

const byHand = { database: "by_hand", identifies: false, way: "raw" } as const;
const polder = { database: "polder", identifies: true, way: "raw" } as const;
const bare = () => import("./contenders/bare.ts");
const ours = () => import("./contenders/polder.ts");

/** Everybody who answers the command. */
export const contenders = {
  bare: { ...byHand, open: async () => (await bare()).openBare },
  "bare-pipelined": { ...byHand, open: async () => (await bare()).openBarePipelined },
  "bare-zod": { ...byHand, open: async () => (await bare()).openBareZod },
  fastify: { ...byHand, open: async () => (await import("./contenders/fastify.ts")).openFastify },
  orpc: { ...byHand, open: async () => (await import("./contenders/orpc.ts")).openOrpc },
  nest: { ...byHand, open: async () => (await import("./contenders/nest.ts")).openNest },
  polder: { ...polder, open: async () => (await ours()).openPolder() },
  // A server of its own: one that is called more than the others is compiled better.
  "polder-client": { ...polder, way: "client", open: async () => (await ours()).openPolder() },
  "polder-unidentified": {
    ...polder,
    identifies: false,
    open: async () => (await ours()).openPolder({ identifies: false }),
  },
  "polder-untraced": { ...polder, open: async () => (await ours()).openPolder({ traces: false }) },
  "polder-unvalidated": { ...polder, open: async () => (await ours()).openPolder({ validates: false }) },
  "polder-unmeasured": { ...polder, open: async () => (await ours()).openPolder({ metrics: false }) },
  "polder-plain": {
    ...polder,
    identifies: false,
    open: async () => (await ours()).openPolder({ identifies: false, traces: false, validates: false, metrics: false }),
  },
} as const satisfies Readonly<Record<string, Contending>>;

export type ContenderName = keyof typeof contenders;
