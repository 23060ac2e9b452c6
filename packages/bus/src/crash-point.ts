/**
 * The places around commits and acknowledgements where a process may die with consequences. Production passes
 * {@link noCrash}; the fault tests kill the process there.
 */
export type CrashPointName = "deliver:before-commit" | "deliver:after-commit" | "read:before" | "read:after";

/** Called at every crash point. */
export type CrashPoint = (name: CrashPointName) => Promise<void> | void;

/** Goes on. */
export const noCrash: CrashPoint = () => undefined;
