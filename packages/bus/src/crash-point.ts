/**
 * The places around commits and acknowledgements where a process may die with consequences. Production passes
 * {@link noCrash}; the fault tests kill the process there.
 */
export type CrashPointName =
  | "relay:before-step"
  | "relay:after-step"
  | "read:before"
  | "read:after"
  | "deliver:before-commit"
  | "deliver:after-commit"
  | "report:before"
  | "report:after";

/** Called at every crash point. */
export type CrashPoint = (name: CrashPointName) => Promise<void> | void;

/** Goes on. */
export const noCrash: CrashPoint = () => undefined;
