/** How a command ended, as the shell sees it. */
export const exitCode = {
  /** Done, and nothing to report. */
  clean: 0,
  /** Done, and there is something to look at: drift, dead letters. */
  findings: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** It could not run, or not to its end: no database, a port in use, stopped before its work was done. */
  failed: 3,
} as const;

/** One of the exit codes of the command. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
