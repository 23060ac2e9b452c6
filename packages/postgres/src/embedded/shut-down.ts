import { execFileSync } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { errorField } from "../database-error.ts";
import type { Cluster } from "./cluster.ts";
import { poll } from "./poll.ts";
import { readPostmaster } from "./postmaster.ts";
import { processIdentity } from "./process-identity.ts";
import { isServerProcess, serverProcesses } from "./server-processes.ts";
import { programFailure } from "./start-failure.ts";

/**
 * Stops the server of a data directory, if one runs, and waits until it is gone. First it ends its
 * connections and writes everything down ("fast"), after 30 s it ends at once, after 10 s more it is
 * killed; its next start then recovers.
 */
export async function shutDown(cluster: Cluster): Promise<void> {
  const postmaster = readPostmaster(cluster);
  if (postmaster !== undefined) {
    for (const { signal, timeoutMs } of [
      { signal: "SIGINT", timeoutMs: 30_000 },
      { signal: "SIGQUIT", timeoutMs: 10_000 },
    ] as const) {
      send(cluster, postmaster.pid, signal);
      const gone = () => (isServerProcess(cluster, postmaster.pid) ? undefined : true);
      if (await poll(gone, { everyMs: 5, timeoutMs })) return;
    }
  }
  await clearLeftovers(cluster);
}

/**
 * Kills what is left of a server whose main process is gone (its children go on with the statement
 * at hand, and a new server refuses to start beside them) and removes its stale postmaster.pid: a
 * new process with the old number would else pass for a running server. Nothing is lost: whatever
 * was committed is in the write-ahead log.
 */
export async function clearLeftovers(cluster: Cluster): Promise<void> {
  const none = () => {
    const pids = serverProcesses(cluster);
    for (const pid of pids) send(cluster, pid, "SIGKILL");
    return pids.length === 0 ? true : undefined;
  };
  if (!(await poll(none, { everyMs: 5, timeoutMs: 10_000 }))) {
    const what = `processes of an earlier server cannot be ended: ${serverProcesses(cluster).join(", ")}`;
    throw programFailure({ directory: cluster.directory, what, log: "" });
  }
  await rm(join(cluster.data, "postmaster.pid"), { force: true });
}

function send({ binaries }: Cluster, pid: number, signal: "SIGINT" | "SIGQUIT" | "SIGKILL"): void {
  try {
    // Windows has no such signals; PostgreSQL brings its own.
    if (process.platform === "win32") execFileSync(binaries.pgCtl, ["kill", signal.slice(3), String(pid)]);
    else process.kill(pid, signal);
  } catch (error) {
    // It ended by itself.
    if (errorField(error, "code") !== "ESRCH" && processIdentity(pid) !== undefined) throw error;
  }
}
