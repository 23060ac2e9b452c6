import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import type { Cluster } from "./cluster.ts";
import { processIdentity } from "./process-identity.ts";

/**
 * Says whether a running process belongs to the server of this data directory. On Windows, where
 * command lines are hard to come by: whether there is such a process.
 */
export function isServerProcess(cluster: Cluster, pid: number): boolean {
  if (process.platform === "win32") return processIdentity(pid) !== undefined;
  return belongsTo(cluster, process.platform === "linux" ? commandOnLinux(pid) : commandsByPs(pid).get(pid));
}

/**
 * The numbers of all processes of the server of this data directory, also of those that outlived
 * their server. None on Windows, where they end with it.
 */
export function serverProcesses(cluster: Cluster): readonly number[] {
  if (process.platform === "win32") return [];
  if (process.platform !== "linux") {
    return [...commandsByPs()].filter(([, command]) => belongsTo(cluster, command)).map(([pid]) => pid);
  }
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.map(Number).filter((pid) => belongsTo(cluster, commandOnLinux(pid)));
}

/** The server keeps its arguments as title; its children show the cluster's name. */
function belongsTo({ data, name }: Cluster, command: string | undefined): boolean {
  return command !== undefined && (command.includes(` -D ${data} -c `) || command.startsWith(`postgres: ${name}: `));
}

/** Empty for a zombie. The command line is open to all users, unlike the links in the same folder. */
function commandOnLinux(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return undefined;
  }
}

function commandsByPs(pid?: number): ReadonlyMap<number, string> {
  const which = pid === undefined ? ["-A"] : ["-p", String(pid)];
  try {
    const lines = execFileSync("ps", ["-ww", "-o", "pid=,command=", ...which], {
      encoding: "utf8",
      env: { PATH: "/bin:/usr/bin", LC_ALL: "C" },
      maxBuffer: 64 * 1024 * 1024,
    });
    const matches = lines.matchAll(/^\s*(\d+) (.*)$/gm);
    return new Map([...matches].map(([, number, command]) => [Number(number), command ?? ""]));
  } catch (error) {
    // ps answers with status 1 that there is no such process.
    if (pid !== undefined) return new Map();
    throw error;
  }
}
