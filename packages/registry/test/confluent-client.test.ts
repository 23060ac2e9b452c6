import { runConfluentSpecs } from "./confluent-spec.ts";

await runConfluentSpecs(["e2e/schemaregistry-client.spec.js", "test/serde/json.spec.js"]);
