import type { Benchmark } from "../benchmark.ts";
export const start: Benchmark = { name: "start", purpose: "x", run: async () => { throw new Error("not yet"); } };
