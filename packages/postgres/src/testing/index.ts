export { fillDisk, type SmallDisk, smallDisk } from "./small-disk.ts";
export { randomFrom, type StrikeOptions, strikeWorkers } from "./strike-workers.ts";
export {
  TEST_DIRECTORY_VARIABLE,
  type TestContent,
  type TestDatabase,
  type TestServer,
  testServer,
} from "./test-server.ts";
export { until } from "./until.ts";
