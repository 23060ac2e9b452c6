import { serveParent } from "../worker.ts";
import { openPublisher } from "./publisher.ts";

// The process that publishes and relays.
await serveParent(openPublisher);
