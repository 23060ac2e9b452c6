import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";

/**
 * Picks a TCP port that is free on 127.0.0.1 now: the one kept in the file, if it is, else one of the
 * operating system's choice. Another program may take it before it is used.
 */
export async function pickPort(file: string): Promise<number> {
  const last = Number(await readFile(file, "utf8").catch(() => ""));
  const isPort = Number.isInteger(last) && last > 0 && last < 65_536;
  return ((isPort ? await freePort(last) : undefined) ?? (await freePort(0))) as number;
}

/** Keeps a port for {@link pickPort}, so that tools outside can keep their settings. */
export async function keepPort(file: string, port: number): Promise<void> {
  await writeFile(file, `${port}\n`, { mode: 0o600 });
}

async function freePort(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen({ host: "127.0.0.1", port, exclusive: true });
    await once(server, "listening");
    const free = (server.address() as AddressInfo).port;
    server.close();
    await once(server, "close");
    return free;
  } catch (error) {
    if (port === 0) throw error;
    return undefined;
  }
}
