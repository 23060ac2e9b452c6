export { fillDisk, type SmallDisk, smallDisk } from "./small-disk.ts";
export { openWorker, randomFrom, type StrikeOptions, strikeWorkers, type Worker } from "./strike-workers.ts";
export {
  TEST_DIRECTORY_VARIABLE,
  type TestContent,
  type TestDatabase,
  type TestServer,
  testServer,
} from "./test-server.ts";
export { until } from "./until.ts";
