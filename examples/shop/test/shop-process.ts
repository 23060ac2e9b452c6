// All domains of the shop in one process of its own, for tests that kill it.
import { once } from "node:events";
import { createLogger, openProject, startHost } from "polder";

const logger = createLogger({ write: (line) => process.stderr.write(line), level: "info" });
const terminated = once(process, "SIGTERM");
await using project = await openProject({ from: import.meta.dirname, env: process.env });
const { address } = await project.database();
await using host = await startHost({
  implementations: project.domains.map(({ implementation }) => implementation),
  address,
  // Whoever comes after a process that was killed waits for its leases to end.
  leaseMs: 1_000,
  connectionsMax: 5,
  logger,
});
logger.info("ready", { url: host.url });
await terminated;
