import { serveParent } from "../worker.ts";
import { openConsumer } from "./consumer.ts";

// A process that consumes.
await serveParent(openConsumer);
