import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmbeddedServer, startEmbedded } from "@polder/postgres";

/** A server for one benchmark. */
export interface BenchServer extends AsyncDisposable {
  readonly address: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly directory: string;
  };
  readonly version: string;
  /** Process id of the postmaster. */
  readonly pid: number;
}

/**
 * Starts a server in a folder of its own under the system's temporary folder; the folder goes with it. Checkpoints are
 * kept out of the rounds (`max_wal_size`), everything else is as Polder's embedded server comes.
 */
export async function startBenchServer(options: { readonly durable: boolean }): Promise<BenchServer> {
  const directory = await mkdtemp(join(tmpdir(), "polder-bench-"));
  let server: EmbeddedServer;
  try {
    server = await startEmbedded({ directory, durable: options.durable, settings: { max_wal_size: "4GB" } });
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  const { host, port, user, password, version } = server;
  const pid = Number((await readFile(join(server.directory, "postmaster.pid"), "utf8")).split("\n", 1)[0]);
  return {
    address: { host, port, user, password, directory },
    version,
    pid,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
