import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import { isServerProcess } from "./server-processes.ts";

/** The living main process of a server, as its postmaster.pid tells. */
export interface Postmaster {
  readonly pid: number;
  /** TCP port on 127.0.0.1; 0 while it is not known yet. */
  readonly port: number;
  readonly status: "starting" | "ready" | "stopping";
}

/**
 * Reads postmaster.pid of a data directory (its lines are in `src/include/utils/pidfile.h` of
 * PostgreSQL: the process's number first, the port fourth, the status eighth). Undefined without a
 * file, and when the process it names is gone or is another one with the same number.
 */
export function readPostmaster(cluster: Cluster): Postmaster | undefined {
  let lines: readonly string[];
  try {
    lines = readFileSync(join(cluster.data, "postmaster.pid"), "utf8").split("\n");
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  if (!isServerProcess(cluster, pid)) return undefined;
  const status = lines[7]?.trim();
  const known = status === "ready" || status === "stopping" ? status : "starting";
  return { pid, port: Number(lines[3] ?? 0), status: known };
}
