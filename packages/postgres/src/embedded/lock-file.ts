import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { errorField } from "../database-error.ts";
import { postgresErrors } from "../errors.ts";
import { poll } from "./poll.ts";
import { processIdentity } from "./process-identity.ts";

/** A lock that this process holds until it is disposed of. */
export type LockFile = Disposable;

/** How long to wait for another holder. */
export interface LockWait {
  /** In milliseconds. */
  readonly timeoutMs: number;
  /** Ends the wait with the signal's reason; nothing is left behind. Asynchronous waits only. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes a lock that only one holder on this machine has at a time: a file that names the holder's
 * process and when that process started. The lock of a process that ended is taken over.
 *
 * Throws LOCK_HELD when a living holder keeps it for too long, and the file system's own errors.
 */
export async function acquireLock(path: string, { timeoutMs, signal }: LockWait): Promise<LockFile> {
  const mine = newHolder();
  const taken = await poll(() => (tryLock(path, mine) ? true : undefined), { everyMs: 10, timeoutMs, signal });
  if (taken === undefined) throw lockHeld(path, timeoutMs);
  return heldLock(path, mine);
}

/** As {@link acquireLock}, but blocks the thread: for locks that are held for a moment only. */
export function acquireLockSync(path: string, { timeoutMs }: LockWait): LockFile {
  const mine = newHolder();
  const deadline = performance.now() + timeoutMs;
  while (!tryLock(path, mine)) {
    if (performance.now() >= deadline) throw lockHeld(path, timeoutMs);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
  return heldLock(path, mine);
}

interface Holder {
  readonly pid: number;
  /** The process's identity, so that another process with a recycled number is not mistaken for it. */
  readonly started: string;
  /** One for each acquisition: also within one process there is one holder at a time. */
  readonly nonce: string;
}

function newHolder(): Holder {
  return { pid: process.pid, started: processIdentity(process.pid) ?? "", nonce: randomUUID() };
}

/** Lets go of what is still ours: whoever was taken for dead must not remove its successor's lock. */
function heldLock(path: string, { nonce }: Holder): LockFile {
  return {
    [Symbol.dispose]: () => {
      if (readHolder(path)?.nonce === nonce) rmSync(path, { force: true });
    },
  };
}

/**
 * The lock appears by a hard link: at once with its whole content, and only if there is none.
 */
function tryLock(path: string, mine: Holder): boolean {
  const holder = readHolder(path);
  if (holder !== undefined && processIdentity(holder.pid) === holder.started) return false;
  const draft = `${path}.${mine.nonce}`;
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    if (holder !== undefined) return takeOver({ path, stale: holder, draft, mine });
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (errorField(error, "code") === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Two that find the same stale lock must not both replace it, nor may one of them replace the lock
 * that the other has just made. So the right to replace is a lock itself, named after the stale
 * holder; whoever has it looks again. It goes stale like any lock, and is taken over like any.
 */
function takeOver({ path, stale, draft, mine }: Succession): boolean {
  const right = `${path}.after-${stale.nonce}`;
  if (!tryLock(right, mine)) return false;
  using _right = heldLock(right, mine);
  if (readHolder(path)?.nonce !== stale.nonce) return false;
  renameSync(draft, path);
  return true;
}

interface Succession {
  readonly path: string;
  readonly stale: Holder;
  readonly draft: string;
  readonly mine: Holder;
}

function readHolder(path: string): Holder | undefined {
  try {
    const { pid, started, nonce } = JSON.parse(readFileSync(path, "utf8")) as Partial<Holder>;
    return { pid: pid ?? 0, started: started ?? "", nonce: nonce ?? "unknown" };
  } catch (error) {
    if (errorField(error, "code") === "ENOENT") return undefined;
    // Locks of ours are never half written, so whatever stands there holds nothing.
    if (error instanceof SyntaxError) return { pid: 0, started: "", nonce: "unknown" };
    throw error;
  }
}

function lockHeld(path: string, timeoutMs: number): Error {
  const pid = readHolder(path)?.pid ?? 0;
  return postgresErrors.LOCK_HELD(
    `The lock ${path} was not free within ${timeoutMs} ms: process ${pid} holds it. ` +
      "Wait for that process, or end it if it hangs; its lock is then taken over by itself.",
    { path, pid },
  );
}
