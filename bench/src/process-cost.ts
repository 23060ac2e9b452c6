import { readdir, readFile } from "node:fs/promises";

/** What a process, or a server with all its processes, costs. Read from `/proc`, so on Linux only. */
export interface ProcessCost {
  /** Processor time that it has used, in milliseconds. */
  readonly cpuMs: number;
  /** Memory in MiB: what is its own, and its share of what it has in common with others (PSS). */
  readonly memory: number;
}

/** Milliseconds of a clock tick of `/proc`: 100 a second on every Linux that Node runs on. */
const TICK_MS = 10;

/** What one process costs. */
export async function costOf(pid: number): Promise<ProcessCost> {
  const { cpuTicks } = await statOf(pid);
  return { cpuMs: cpuTicks * TICK_MS, memory: await memoryOf(pid) };
}

/** What a process and those that it has started cost; the ended ones count as well, as far as it has waited for them. */
export async function costWithChildren(pid: number): Promise<ProcessCost> {
  const own = await statOf(pid);
  let ticks = own.cpuTicks + own.endedTicks;
  let memory = await memoryOf(pid);
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // A process may end while it is looked at.
    const child = await statOf(Number(name)).catch(() => undefined);
    if (child?.parent !== pid) continue;
    ticks += child.cpuTicks;
    memory += await memoryOf(Number(name)).catch(() => 0);
  }
  return { cpuMs: ticks * TICK_MS, memory };
}

interface Stat {
  readonly parent: number;
  readonly cpuTicks: number;
  readonly endedTicks: number;
}

/** See proc_pid_stat(5): after the name in parentheses, the parent is field 4, the ticks are fields 14 to 17. */
async function statOf(pid: number): Promise<Stat> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
  return { parent: fields[1] ?? 0, cpuTicks: user + system, endedTicks: endedUser + endedSystem };
}

async function memoryOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) / 1024;
}
