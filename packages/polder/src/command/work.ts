import type { ExitCode } from "./exit-code.ts";

/** Where a command writes to. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** What a command is told besides its own arguments. */
export interface CommandInput {
  /** The configuration's file, if it is named. */
  readonly config: string | undefined;
  readonly json: boolean;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly streams: Streams;
  /** Aborts when the user or the system asks the process to end. */
  readonly signal: AbortSignal;
  /** Aborts when it asks a second time: do not wait any longer. */
  readonly hardSignal: AbortSignal;
}

/** What a command found, for people and for programs. */
export interface CommandResult {
  /** For `--json`; nothing where the command has written by itself. */
  readonly data?: unknown;
  /** For people; ends without a line break. */
  readonly text?: string;
  /** Default: clean. */
  readonly code?: ExitCode;
}

/** The work of a command. */
export type Work = (input: CommandInput) => Promise<CommandResult>;
