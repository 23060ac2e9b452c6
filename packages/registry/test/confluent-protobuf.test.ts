import { runConfluentSpecs } from "./confluent-spec.ts";

await runConfluentSpecs(["test/serde/protobuf.spec.js"]);
