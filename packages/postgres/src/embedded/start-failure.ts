import { errorField } from "../database-error.ts";
import { postgresErrors } from "../errors.ts";

const reasons: Readonly<Record<string, string>> = {
  EACCES: "this user may not write to it",
  EPERM: "this user may not write to it",
  EROFS: "it is on a file system that is mounted read-only",
  ENOTDIR: "a file stands where a folder is needed",
  EEXIST: "a file stands where a folder is needed",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
};

/** An error of the file system as EMBEDDED_DIRECTORY_UNUSABLE of that folder; any other as it is. */
export function directoryFailure(directory: string, error: unknown): unknown {
  const reason = error instanceof Error && "path" in error ? reasons[errorField(error, "code") ?? ""] : undefined;
  return reason === undefined ? error : directoryUnusable(directory, reason, error);
}

/** What a failed program of the server said. */
export interface FailedProgram {
  readonly directory: string;
  /** What it is called, and how it ended. */
  readonly what: string;
  /** What it wrote, or the end of it. */
  readonly log: string;
  /** Where all of it is, if anywhere. */
  readonly logFile?: string;
}

/** The error of a program of the server that failed: EMBEDDED_DIRECTORY_UNUSABLE for a full disk, else EMBEDDED_START_FAILED. */
export function programFailure({ directory, what, log, logFile }: FailedProgram): Error {
  const tail = log.trim().split("\n").slice(-40).join("\n");
  if (/No space left on device|Disk quota exceeded|Check free disk space/.test(tail)) {
    return directoryUnusable(directory, reasons["ENOSPC"] ?? "", new Error(tail));
  }
  return postgresErrors.EMBEDDED_START_FAILED(
    `The embedded PostgreSQL in ${directory} did not start: ${what}. It said:\n${tail || "(nothing)"}\n` +
      `Correct what it names${logFile === undefined ? "" : ` (all of it: ${logFile})`}, or set DATABASE_URL to a server of your own.`,
    { directory, log: tail },
  );
}

function directoryUnusable(directory: string, reason: string, cause: unknown): Error {
  return postgresErrors.EMBEDDED_DIRECTORY_UNUSABLE(
    `The embedded PostgreSQL cannot keep its files in ${directory}: ${reason}. ` +
      "Make room or correct the folder's owner and mode, choose another folder, or set DATABASE_URL to a server of your own.",
    { directory, reason },
    { cause },
  );
}
