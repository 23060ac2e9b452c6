export { until } from "@polder/postgres/testing";
export { answerOf } from "./answer-of.ts";
export { type CheckCompositionOptions, checkComposition } from "./check-composition.ts";
export { type CheckConvertersOptions, checkConverters } from "./check-converters.ts";
export { type ProjectDatabase, type PublishedEvent, projectDatabase } from "./project-database.ts";
export { publish, type StandInOptions, standInFor } from "./stand-in.ts";
export { startTestHost, type TestHost, type TestHostOptions } from "./test-host.ts";
export { underWay } from "./under-way.ts";
