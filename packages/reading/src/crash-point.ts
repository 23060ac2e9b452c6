/** Where a process may be killed, for tests: before and after each commit that others see. */
export type ReadingCrashPointName =
  | "build:made"
  | "build:tables-made"
  | "drop:before"
  | "drop:after"
  | "fill:begun"
  | "fill:before-commit"
  | "fill:after-commit"
  | "fill:filled"
  | "switch:before"
  | "switch:after";

/** Called at each of the points; what it throws, or a process that it kills, is what a crash there would be. */
export type ReadingCrashPoint = (name: ReadingCrashPointName) => void | Promise<void>;

/** Nothing happens: what is used but in tests. */
export const noCrash: ReadingCrashPoint = () => undefined;
