// Some domains of the shop in a process of its own, for tests that strike it; `polder start` but for its short leases,
// and without proofs of who calls.
import { once } from "node:events";
import { parseArgs } from "node:util";
import { createLogger, openProject, startHost } from "polder";

const { values } = parseArgs({ options: { domain: { type: "string" }, port: { type: "string", default: "0" } } });
const wanted = values.domain?.split(",");
const logger = createLogger({ write: (line) => process.stderr.write(line), level: "info" });
const terminated = once(process, "SIGTERM");
await using project = await openProject({ from: import.meta.dirname, env: process.env });
const { address } = await project.database(wanted);
await using host = await startHost({
  implementations: project.domains
    .filter(({ name }) => wanted?.includes(name) ?? true)
    .map(({ implementation }) => implementation),
  address,
  urls: project.urls,
  http: { port: Number(values.port) },
  // Whoever comes after a process that was killed waits for its leases to end.
  leaseMs: 1_000,
  connectionsMax: 5,
  logger,
});
logger.info("ready", { url: host.url });
await terminated;
